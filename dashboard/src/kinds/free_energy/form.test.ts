// @vitest-environment jsdom
import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { HANG_MS, testsNewPages } from '../../new/made';
import NewPage from '../../pages/NewPage.svelte';

vi.mock('../../new/examples', () => ({ EXAMPLES: [] })); // they lie outside of what is served to tests

testsNewPages();

/** A service that says which fields kind free_energy uses, and refuses ends that are the same. */
async function answer(url: string, { body }: { body?: string } = {}): Promise<Response> {
  const path = new URL(url).pathname;
  if (path.endsWith('/kinds')) {
    const fields = ['at', 'free_energy', 'potential.name', 'potential.mixing', 'strategy.seed'];
    const one = {
      name: 'free_energy',
      summary: 'Free energies.',
      fields,
      searches: false,
      counts: '',
      views: [],
    };
    return Response.json({ kinds: [one] });
  }
  const refused = body?.includes('"path":"composition"') ?? false;
  const errors = refused
    ? [{ pointer: '/free_energy/to', type: 'same-ends', message: 'from and to are the same' }]
    : [];
  const mixing = ['mean_field', 'paired'];
  const tiers = ['mean_field', 'fluctuation'];
  const potentials = [{ name: 'sevennet-l3i5', elements: ['Na', 'K', 'Cl'], mixing, tiers }];
  const prototypes = ['rocksalt', 'cscl', 'zincblende', 'wurtzite'].map((name) => ({
    name,
    description: name,
    species: ['cation', 'anion'],
    parameters: ['a'],
    example: ['Mg', 'O'],
  }));
  return Response.json({ valid: !refused, errors, potentials, prototypes, properties: [] });
}

it(
  'asks for temperatures, accuracy and cost, and for the ends where a change is asked for',
  async () => {
    vi.stubGlobal('fetch', answer);
    sessionStorage.setItem(
      'orichalcum-draft',
      [
        'kind: free_energy',
        'structure: {prototype: rocksalt, species: [Na, Cl]}',
        'sublattices: [{name: cation, sites: [Na], elements: [Na, K]}]',
        'free_energy: {path: absolute}',
        'at:',
        '  - cation: {Na: 0.5, K: 0.5}',
        '',
      ].join('\n'),
    );
    render(NewPage, { from: null });
    const temperatures = (await screen.findByLabelText(/^Temperatures/)) as HTMLInputElement;
    const text = document.querySelector<HTMLTextAreaElement>('#problem-yaml')!;
    const problem = () => parse(text.value) as Record<string, Record<string, unknown>>;
    expect(screen.getByLabelText('cation: Na')).toBeTruthy();
    expect(screen.getByLabelText('Mixing')).toBeTruthy();
    expect(screen.getAllByLabelText(/^Accuracy/)).toHaveLength(1); // the standard error, and no tier
    const temperature = () => screen.queryByLabelText(/^TemperatureK$/);
    expect(temperature()).toBeTruthy();

    await fireEvent.input(temperatures, { target: { value: '300, 600,' } });
    expect(problem().free_energy).toEqual({ path: 'absolute', temperatures: [300, 600] });
    expect(temperatures.value).toBe('300, 600,');
    expect(temperature()).toBeNull(); // the service refuses another beside those that are listed
    await fireEvent.input(temperatures, { target: { value: '300, 600 K' } });
    expect(problem().free_energy).toEqual({ path: 'absolute', temperatures: [300, 600] });
    expect(screen.getByText(/^Give numbers separated by commas/)).toBeTruthy();
    await fireEvent.input(screen.getByLabelText(/^Accuracy/), { target: { value: '0.002' } });
    await fireEvent.input(screen.getByLabelText(/^Pairs of runs/), { target: { value: '32' } });
    const options: Record<string, unknown> = {
      path: 'absolute',
      temperatures: [300, 600],
      accuracy: 0.002,
      budget: { runs: 32 },
    };
    expect(problem().free_energy).toEqual(options);

    await fireEvent.change(screen.getByLabelText(/^Speed of the runs/), { target: { value: 'adaptive' } });
    await fireEvent.input(screen.getByLabelText(/^Runs at a time/), { target: { value: '4' } });
    expect(problem().free_energy).toEqual({ ...options, schedule: 'adaptive', replicas: 4 });
    await fireEvent.input(screen.getByLabelText(/^Runs at a time/), { target: { value: '' } });
    await fireEvent.change(screen.getByLabelText(/^Speed of the runs/), { target: { value: 'linear' } });
    expect(problem().free_energy).toEqual({ ...options, schedule: 'linear' });
    options.schedule = 'linear';

    await fireEvent.change(screen.getByLabelText('Reference'), { target: { value: 'einstein' } });
    expect(problem().free_energy).toEqual({ ...options, reference: 'einstein' });

    await fireEvent.change(screen.getByLabelText('Free energy'), { target: { value: 'composition' } });
    const from = screen.getByRole('group', { name: 'From composition' });
    expect(problem().at).toBeUndefined();
    await fireEvent.input(within(from).getByLabelText('cation: K'), { target: { value: '0.25' } });
    expect(problem().free_energy).toEqual({
      ...options,
      path: 'composition',
      from: { cation: { Na: 1, K: 0.25 } },
      to: { cation: { Na: 0, K: 1 } },
    });
    expect(await screen.findByText('from and to are the same')).toBeTruthy();

    await fireEvent.change(screen.getByLabelText('Free energy'), { target: { value: 'vacancy' } });
    expect(problem().free_energy).toEqual({
      ...options,
      path: 'vacancy',
      vacancy: { sublattice: 'cation', element: 'Na' },
    });
    expect(problem().at).toEqual([{ cation: { Na: 0.5, K: 0.5 } }]);
    await fireEvent.change(screen.getByLabelText('Element'), { target: { value: 'K' } });
    expect(problem().free_energy!.vacancy).toEqual({ sublattice: 'cation', element: 'K' });

    await fireEvent.change(screen.getByLabelText('Free energy'), { target: { value: 'phases' } });
    const salt = { prototype: 'rocksalt', species: ['Na', 'Cl'] };
    const phases = [salt, { ...salt, prototype: 'cscl' }];
    expect(problem().free_energy).toEqual({ ...options, path: 'phases', phases });
    const chosen = screen.getByRole('group', { name: 'Phases' });
    await fireEvent.change(within(chosen).getByLabelText(/^Other phase/), {
      target: { value: 'zincblende' },
    });
    expect((problem().free_energy!.phases as unknown[])[1]).toEqual({ ...salt, prototype: 'zincblende' });
    expect(within(chosen).queryByRole('button', { name: 'Compare the crystal above' })).toBeNull();
    await fireEvent.input(text, { target: { value: text.value.replace('rocksalt', 'wurtzite') } });
    await fireEvent.click(await within(chosen).findByRole('button', { name: 'Compare the crystal above' }));
    expect((problem().free_energy!.phases as unknown[])[0]).toEqual({ ...salt, prototype: 'wurtzite' });
    await fireEvent.input(text, { target: { value: text.value.replaceAll('wurtzite', 'rocksalt') } });

    await fireEvent.change(screen.getByLabelText('Free energy'), { target: { value: 'absolute' } });
    expect(problem().free_energy).toEqual(options);
    expect(problem().at).toEqual([{ cation: { Na: 0.5, K: 0.5 } }]);
    await fireEvent.input(temperatures, { target: { value: '' } });
    expect(problem().free_energy).toEqual({
      path: 'absolute',
      accuracy: 0.002,
      budget: { runs: 32 },
      schedule: 'linear',
    });
    expect(temperature()).toBeTruthy();
  },
  HANG_MS,
);
