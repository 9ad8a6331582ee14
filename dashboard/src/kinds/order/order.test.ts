// @vitest-environment jsdom
import { cleanup, fireEvent, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import type { OrderAnswer, Result } from '../../api/types';
import { mev } from '../../format/numbers';
import { pageOf, plot, stored } from '../made';
import { cornersOn, lineOf, lowestOf, orderAnswer, orderingsOf, placeOn, remarks } from './answer';

const ONE = stored('order_cuau');
const ALL = stored('order_hull');
const answerOf = (result: Result) => result.answer as unknown as OrderAnswer;

const shown = pageOf('order', 'Cu-Au', () => import('./Page.svelte'));
const rows = () => [...document.querySelectorAll<HTMLElement>('[aria-label^="Orderings; choose"] tbody tr')];
const slider = (label: RegExp) => plot(label)!;

describe('an answer of kind order', () => {
  it('is read where it has its parts, and none of another version is guessed', () => {
    expect(orderAnswer(ONE)).toBe(ONE.answer);
    expect(orderAnswer(null)).toBeNull();
    expect(orderAnswer({ ...ONE, answer: { orderings: [{ name: 'L1_0' }] } })).toBeNull();
    expect(orderAnswer({ ...ONE, answer: {} })).toBeNull();
  });

  it('lies on a line where two elements of one sublattice vary, which the hull is drawn along', () => {
    const answer = answerOf(ALL);
    const line = lineOf(answer)!;
    expect(line).toEqual({ sublattice: 'mix', elements: ['Cu', 'Au'] });
    const corners = cornersOn(line, answer.hull!);
    expect(corners.map(({ composition }) => Number(placeOn(line, composition).toFixed(4)))).toEqual([
      0, 0.5, 0.6667, 1,
    ]);
    // Convex: slopes rise from corner to corner, and nothing that counts lies below.
    const slopes = corners.slice(1).map((corner, k) => {
      const before = corners[k]!;
      const by = placeOn(line, corner.composition) - placeOn(line, before.composition);
      return (corner.mixing_energy - before.mixing_energy) / by;
    });
    expect([...slopes].sort((a, b) => a - b)).toEqual(slopes);
    const third = structuredClone(answer);
    third.compositions[0]!.composition.mix!.Ag = 0.1;
    expect(lineOf(third)).toBeNull();
    const vacant = JSON.parse(JSON.stringify(answer).replaceAll('"Au"', '"Vac"')) as OrderAnswer;
    expect(lineOf(vacant)).toBeNull();
    expect(lineOf(answerOf(ONE))).toBeNull(); // one composition is no line
  });

  it('has on its ladder the orderings that were relaxed from the rungs', () => {
    const { ladder, orderings } = answerOf(ONE);
    const places = orderingsOf(ladder, orderings);
    expect(places[0]).toBe(0);
    ladder.forEach((rung, k) => {
      const place = places[k];
      if (place != null) expect(orderings[place]!.degeneracy % rung.degeneracy).toBe(0);
      expect(place === null).toBe(rung.energy_per_atom === null);
    });
    expect(lowestOf(ladder)).toBe(orderings[0]!.energy_per_atom);
  });

  it('is told in meV, with what is not as it should be', () => {
    expect([mev(-0.04513), mev(0.00005), mev(null)]).toEqual(['\u221245.1', '0.1', '–']);
    const [lowest, second] = answerOf(ONE).orderings;
    expect(remarks(lowest!)).toBe('');
    expect(remarks(second!)).toBe('left the parent lattice (0.31 Å)');
    expect(remarks({ ...lowest!, converged: false, message: 'gave up' })).toBe('did not converge; gave up');
  });
});

describe('the page of a job of kind order', () => {
  it('says the sentence first, then lists the orderings from the lowest on', async () => {
    shown(ONE);
    await tick();
    expect(screen.getByRole('region', { name: 'Answer' }).textContent).toContain(
      'L1_0 (P4/mmm (123)) is the lowest of 11 decorations, 45.1 meV/atom below the end members',
    );
    expect(rows()).toHaveLength(9);
    expect(rows()[0]!.textContent).toMatch(/1\s*L1_0\s*0\.0\s*–\s*\u221245\.1\s*P4\/mmm \(123\)\s*6\s*8/);
    expect(rows()[1]!.textContent).toContain('left the parent lattice (0.31 Å)');
    expect(slider(/^Energies of the decorations/)).toBeTruthy();
    expect(screen.queryByText('Convex hull')).toBeNull();
  });

  it('lists the lowest on paper, which does not unfold, and says how many more there are', async () => {
    const many = structuredClone(ONE);
    const { orderings } = answerOf(many);
    orderings.push(...orderings.map((one) => structuredClone(one)));
    const { unmount } = shown(many, 'succeeded', null, true);
    await tick();
    expect(rows()).toHaveLength(12);
    expect(screen.getByText("And 6 more in the job's result.")).toBeTruthy();
    expect(screen.queryByRole('button', { name: /more$/ })).toBeNull();
    unmount();
    shown(many);
    await tick();
    expect(rows()).toHaveLength(18);
  });

  it('shows the disordered state by each way with errors and warnings', async () => {
    shown(ONE);
    const table = screen.getByRole('table', { name: 'Mixing energy of the disordered state' });
    const said = within(table)
      .getAllByRole('row')
      .slice(1)
      .map((row) =>
        [...row.children].map((cell) => cell.textContent.replaceAll(/\s+/g, ' ').trim()).join(' '),
      );
    expect(said[0]).toMatch(/^lowest ordering \u221245\.1\s+L1_0/);
    expect(said[1]).toMatch(/^random decorations \u221213\.2 ± 1\.9\s+2 decorations of 16 mixed sites/);
    expect(said[2]).toMatch(/^all decorations of a cell 0\.7 ± 0\.0/);
    expect(said[3]).toMatch(/^tier fluctuation \u22126\.7/);
    expect(said[4]).toMatch(/^tier mean field 43\.3/);
    expect(screen.getByText(/the mean field puts the disordered crystal 56 meV/)).toBeTruthy();
  });

  it('marks the temperature of the job, and walks along the temperatures', async () => {
    shown(ONE);
    const [found] = answerOf(ONE).ordering_probability;
    const probability = slider(/^probability of L1_0 against the temperature/);
    expect(probability.getAttribute('aria-valuetext')).toBe('300 K: 1.000');
    await fireEvent.keyDown(probability, { key: 'End' });
    const last = found!.probabilities.at(-1)!;
    expect(probability.getAttribute('aria-valuetext')).toBe(`3000 K: ${last.toFixed(3)}`);
    const entropy = slider(/^entropy .* against the temperature/);
    expect(entropy.getAttribute('aria-valuetext')).toMatch(/^3000 K: 0\.\d+$/);
    expect(entropy.querySelector('line.target')).toBeTruthy();
  });

  it('has one selection: what is chosen in the hull is chosen in the table, with its composition', async () => {
    shown(ALL);
    await tick();
    const hull = slider(/^Mixing energy of the orderings/);
    expect(hull.querySelectorAll('text.note')[0]!.textContent).toBe('L1_0');
    expect(rows()).toHaveLength(4);
    for (let k = 0; k < 4; k += 1) await fireEvent.keyDown(hull, { key: 'ArrowRight' });
    expect(hull.getAttribute('aria-valuetext')).toMatch(/^ordering 5: Cu 0\.6667 Au 0\.3333, mixing/);
    expect(rows()).toHaveLength(3);
    expect(rows()[0]!.className).toContain('shown');
    const sentences = within(screen.getByRole('list', { name: 'Compositions' })).getAllByRole('button');
    expect(sentences.map((one) => one.getAttribute('aria-pressed'))).toEqual([
      'false',
      'true',
      'false',
      'false',
      'false',
    ]);
    await fireEvent.click(sentences[2]!);
    expect(rows()[0]!.textContent).toContain('L1_0');
    expect(hull.getAttribute('aria-valuetext')).toMatch(/^L1_0, ordering 8: .* 0\.0 above the hull$/);
    const region = screen.getByRole('region', { name: /^Orderings; choose/ });
    await fireEvent.keyDown(region, { key: 'End' });
    expect(hull.getAttribute('aria-valuetext')).toMatch(/^ordering 11:/);
  });

  it('has a table of the corners where compositions lie on no line', async () => {
    const ternary = structuredClone(ALL);
    answerOf(ternary).compositions[0]!.composition = { mix: { Cu: 0.5, Au: 0.25, Ag: 0.25 } };
    shown(ternary);
    const table = screen.getByRole('table', { name: 'Corners of the convex hull' });
    expect(within(table).getAllByRole('row')).toHaveLength(1 + 4);
    await fireEvent.click(within(table).getByRole('button', { name: 'L1_0' }));
    expect(await screen.findByText(/^L1_0, ordering 8$/)).toBeTruthy();
  });

  it('saves the crystal of an ordering as CIF', async () => {
    const saved: { name: string; blob: Blob }[] = [];
    let blob: Blob;
    URL.createObjectURL = (content) => {
      blob = content as Blob;
      return 'blob:x';
    };
    URL.revokeObjectURL = () => undefined;
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      saved.push({ name: this.download, blob });
    });
    shown(ONE);
    await fireEvent.click(screen.getByLabelText('CIF of L1_0, ordering 1'));
    expect(saved[0]!.name).toBe('cu-au-ordering-1.cif');
    const text = await new Promise<string>((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result));
      reader.readAsText(saved[0]!.blob);
    });
    expect(text.split('\n').filter((line) => /^(Cu|Au)\d+ /.test(line))).toHaveLength(8);
    expect(text).toContain(`${answerOf(ONE).orderings[0]!.energy_per_atom} eV/atom`);
  });

  it('says while the job runs how far it is, and of a cancelled one what was found', async () => {
    shown(null, 'running');
    expect(
      screen.getByText(/^7 of at most 20 computations: the orderings are shown when all are done$/),
    ).toBeTruthy();
    cleanup();
    const half = structuredClone(ONE);
    half.stopped = { reason: 'cancelled', message: 'cancelled' };
    Object.assign(half.answer, {
      orderings: [],
      disordered: [],
      ordering_probability: [],
      ladder: [],
      compositions: [
        {
          ...answerOf(ONE).compositions[0],
          relaxed: 0,
          lowest: null,
          text: 'Cu 0.5, Au 0.5: no ordering was relaxed',
        },
      ],
    });
    shown(half, 'cancelled');
    expect(screen.getByText('Cu 0.5, Au 0.5: no ordering was relaxed.')).toBeTruthy();
    expect(screen.getByText('None was relaxed.')).toBeTruthy();
    expect(screen.getByText('No ordering of this composition was relaxed.')).toBeTruthy();
  });

  it('shows an answer of another version as it is, and why a job failed', () => {
    shown({ ...ONE, answer: { orderings: [{ name: 'B2' }] } });
    expect(screen.getByRole('region', { name: 'Raw answer' }).textContent).toContain('"name": "B2"');
    cleanup();
    shown(null, 'failed');
    expect(screen.getByText('The job failed')).toBeTruthy();
  });
});
