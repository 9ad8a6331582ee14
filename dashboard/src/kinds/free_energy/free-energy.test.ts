// @vitest-environment jsdom
import { cleanup, fireEvent, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import type { FreeEnergy, FreeEnergyAnswer, Result } from '../../api/types';
import { pageOf, plot, stored } from '../made';
import {
  alike,
  energy,
  freeEnergyAnswer,
  named,
  numbersIn,
  read,
  stacked,
  switched,
  verdictOn,
} from './answer';
import { ofChange, ofCrystals } from './paths';

const CRYSTAL = stored('free_energy_absolute');
const CHANGE = stored('free_energy_composition');
const VACANCY = stored('free_energy_vacancy');
const PHASES = stored('free_energy_phases');
const answerOf = (result: Result) => result.answer as unknown as FreeEnergyAnswer;
const crystal = answerOf(CRYSTAL).free_energies[0]!;
const change = answerOf(CHANGE).free_energies[0]!;
const vacancy = answerOf(VACANCY).free_energies[0]!;

/** The result with other free energies in it. */
const answered = (result: Result, ...all: FreeEnergy[]): Result => ({
  ...result,
  answer: { ...result.answer, free_energies: all } as unknown as Result['answer'],
});
const hot = {
  ...crystal,
  temperature: 600,
  free_energy: -3.7,
  standard_error: 0.002,
  text: 'Na at 600 K: −3700.00',
};

const shown = pageOf('free_energy', 'NaCl', () => import('./Page.svelte'));
const texts = (row: Element) =>
  [...row.children].map((cell) => cell.textContent.replaceAll(/\s+/g, ' ').trim());
const rows = () =>
  within(screen.getByRole('table', { name: /^Free energies and what/ }))
    .getAllByRole('row')
    .map(texts);

describe('an answer of kind free_energy', () => {
  it('is read where it has its parts, and none of another version is guessed', () => {
    expect(freeEnergyAnswer(CRYSTAL)).toBe(CRYSTAL.answer);
    expect(freeEnergyAnswer(null)).toBeNull();
    expect(freeEnergyAnswer({ ...CRYSTAL, answer: { free_energies: [], kelvin: 300 } })).toBeNull();
    expect(freeEnergyAnswer({ ...CRYSTAL, answer: { ...CRYSTAL.answer, free_energies: [{}] } })).toBeNull();
    expect(freeEnergyAnswer({ ...CRYSTAL, answer: {} })).toBeNull();
  });

  it('is called after its crystal or its change', () => {
    expect([named(crystal), named(change)]).toEqual(['Na', 'Na to K']);
    const mixed = { cation: { Na: 0.25, K: 0.75 }, anion: { Cl: 1 } };
    expect(named({ ...crystal, composition: mixed })).toBe('Na 0.25 K 0.75, Cl');
    expect(named({ ...crystal, composition: {} })).toBe('the crystal');
    expect([alike(crystal, hot), alike(crystal, change)]).toEqual([true, false]);
  });

  it('has among its contributions what the runs measure: it lies between both exponential averages', () => {
    const measured = switched(change)!;
    const { forward, backward } = change.switching!;
    expect(measured).toBeLessThan(Math.max(forward.exponential, backward.exponential));
    expect(measured).toBeGreaterThan(Math.min(forward.exponential, backward.exponential));
    const { harmonic, anharmonic } = change.contributions!;
    const whole = {
      ...change,
      contributions: {
        ...change.contributions!,
        harmonic: null,
        anharmonic: null,
        vibrational: harmonic! + anharmonic!,
      },
    };
    expect(switched(whole)).toBeCloseTo(measured, 12);
    expect(switched(crystal)).toBe(crystal.contributions!.anharmonic);
    expect(switched({ ...change, contributions: null })).toBeNull();
  });

  it('of a vacancy is in eV, and its runs measure the switch alone', () => {
    expect(named(vacancy)).toBe('a vacancy of Na in Na');
    expect([read(vacancy).unit, read(crystal).unit]).toEqual(['eV per vacancy', 'meV/atom']);
    expect([energy(vacancy, 1.23456), energy(crystal, 1.23456), energy(crystal, null)]).toEqual([
      '1.235',
      '1234.56',
      '–',
    ]);
    expect(switched(vacancy)).toBe(vacancy.switching!.difference);
  });

  it('is converged only where runs agree and the accuracy is met', () => {
    const judged = (verdict: 'agree' | 'disagree' | 'unknown', accurate: boolean) =>
      verdictOn({ ...change, accurate, switching: { ...change.switching!, verdict } })!.text;
    expect(judged('agree', true)).toBe('Converged');
    expect(judged('agree', false)).toBe('Less accurate than asked for');
    expect(judged('disagree', false)).toBe('Not converged');
    expect(judged('unknown', false)).toBe('Not known whether converged');
    expect(verdictOn(crystal)).toBeNull();
  });

  it('stacks works that lie at the same place', () => {
    expect(stacked([0, 1, 9, 2, 17, 10], 8)).toEqual([0, 1, 0, 2, 0, 1]);
  });
});

describe('the page of a job of kind free_energy', () => {
  it('says of a crystal the sentence, what it is made of, and that samples are enough', async () => {
    shown(CRYSTAL);
    await tick();
    expect(screen.getByRole('region', { name: 'Answer' }).textContent).toContain(
      'Na at 100 K: -3364.46 ± 0.03 meV/atom',
    );
    const [head, first] = rows();
    expect(head!.slice(1, 6)).toEqual(['Free energy', 'Static', 'Harmonic', 'Anharmonic', 'Quantum']);
    expect(first!.slice(1)).toEqual([
      ...['−3364.46 ± 0.03', '−3383.96', '15.49', '0.07', '3.94'],
      ...['harmonic samples', '32', '2.054'],
    ]);
    expect(head).not.toContain('Overlap');
    expect(screen.getByText('Samples are enough:')).toBeTruthy();
    expect(screen.getByText(/No electronic, magnetic/)).toBeTruthy();
    expect(plot(/^Work/)).toBeUndefined();
    expect(plot(/^Free energy against/)).toBeUndefined();
  });

  it('compares two phases: where they cross, and what their difference is made of', async () => {
    shown(PHASES);
    await tick();
    expect(screen.getByText(/zincblende and rocksalt cross at 194 ± 7 K/)).toBeTruthy();
    const table = within(screen.getByRole('table', { name: /^Differences of the phases/ }));
    const [head, ...differences] = table.getAllByRole('row').map(texts);
    expect(head!.slice(0, 4)).toEqual(['T K', 'Difference', 'Lower', 'Static']);
    expect(differences.map((cells) => cells.slice(0, 3))).toEqual([
      ['50', '0.90 ± 0.03', 'zincblende'],
      ['100', '1.15 ± 0.05', 'zincblende'],
      ['200', '−0.13 ± 0.17', '–'],
      ['300', '−1.78 ± 0.28', 'rocksalt'],
    ]);
    // Each phase has its own curve, though both have the same composition.
    const curve = plot(/^Free energy against the temperature/)!;
    expect(curve.getAttribute('aria-valuetext')).toMatch(/^zincblende: the crystal at 50 K/);
    await fireEvent.click(screen.getByRole('button', { name: '200 K, rocksalt: the crystal' }));
    expect(curve.getAttribute('aria-valuetext')).toMatch(/^rocksalt: the crystal at 200 K/);
    cleanup();
    const answer = PHASES.answer as unknown as FreeEnergyAnswer;
    const [first, ...rest] = answer.comparison!.differences;
    const none = { difference: null, standard_error: null, contributions: null, lower: null };
    const unknown = { ...first!, ...none, composition: { cation: { Na: 1 } }, text: 'no difference: soft' };
    const comparison = { ...answer.comparison!, differences: [unknown, ...rest] };
    shown({ ...PHASES, answer: { ...answer, comparison } as unknown as Result['answer'] });
    await tick();
    expect(screen.getByText('no difference: soft.')).toBeTruthy();
    const again = within(screen.getByRole('table', { name: /^Differences of the phases/ }));
    expect(texts(again.getAllByRole('row')[1]!).slice(0, 4)).toEqual(['Na', '50', '–', '–']);
  });

  it('says of a vacancy everything in eV, and where its atom goes', async () => {
    shown(VACANCY);
    await tick();
    expect(screen.getByRole('region', { name: 'Answer' }).textContent).toContain('eV per vacancy');
    expect(
      screen.getByText(/^Site 0 of the supercell is left empty; its Na goes to Na, body-centred/),
    ).toBeTruthy();
    expect(plot(/^Work/)).toBeDefined();
    expect(document.body.textContent).not.toContain('meV');
  });

  it('shows the work of every run of a change, with what both directions say', async () => {
    shown(CHANGE);
    await tick();
    const [head, first] = rows();
    expect(head!.slice(-3)).toEqual(['Runs', 'Overlap', 'Dissipation']);
    expect(first!.slice(-4)).toEqual(['BAR', '4, 4', '0.95', '0.47, 0.46']);
    expect(first![head!.indexOf('Mass')]).toBe('−10.30');
    expect(screen.getByText('Converged:')).toBeTruthy();
    expect(
      screen.getByText(
        /runs agree \(probability by chance 0.34\); the distributions of their work overlap by 0.95/,
      ),
    ).toBeTruthy();
    const works = plot(/^Work of the runs/)!;
    await fireEvent.keyDown(works, { key: 'ArrowRight' });
    await fireEvent.keyDown(works, { key: 'End' });
    expect(works.getAttribute('aria-valuetext')).toBe('backward run 4: −48.00 meV/atom');
    const circles = (name: string) =>
      works.querySelector(`.${name}`)!.getAttribute('d')!.split('M').length - 1;
    expect([circles('forward'), circles('backward')]).toEqual([4, 4]);
    // The value lies within the plot, to the right of the lowest work and to the left of the highest.
    const at = Number(works.querySelector('.value')!.getAttribute('x1'));
    const drawn = [...works.querySelectorAll('.forward, .backward')].flatMap((one) =>
      [...one.getAttribute('d')!.matchAll(/M([\d.]+)/g)].map((match) => Number(match[1]) + 4),
    );
    expect(at).toBeGreaterThan(Math.min(...drawn));
    expect(at).toBeLessThan(Math.max(...drawn));
    const said = within(screen.getByRole('table', { name: /^What each direction/ })).getAllByRole('row');
    expect(texts(said[1]!)).toEqual(['forward', '4', '−47.92', '−47.98', '0.47']);
    expect(texts(said[2]!)).toEqual(['backward', '4', '−48.62', '−48.59', '0.46']);
  });

  it('draws several temperatures of a crystal with error bars, and has one selection', async () => {
    const other = { ...crystal, composition: { cation: { Na: 0, K: 1 } }, text: 'K at 100 K' };
    shown(answered(CRYSTAL, hot, crystal, other));
    await tick();
    const curve = plot(/^Free energy against the temperature/)!;
    expect(curve.getAttribute('aria-valuetext')).toBe('Na at 600 K: −3700.00 ± 2.00 meV/atom');
    const points = [
      ...curve
        .querySelector('.curve')!
        .getAttribute('d')!
        .matchAll(/[\d.]+/g),
    ].map(Number);
    expect(points).toHaveLength(4);
    expect(points[0]).toBeLessThan(points[2]!); // by temperature
    expect(points[1]).toBeLessThan(points[3]!); // and lower, which is further down, when hot
    expect(curve.querySelector('.error')!.getAttribute('d')!.match(/V/g)).toHaveLength(2);
    expect(rows()[0]![0]).toBe('Of');
    const sentences = within(screen.getByRole('list', { name: 'Free energies' })).getAllByRole('button');
    await fireEvent.click(sentences[1]!);
    expect(curve.getAttribute('aria-valuetext')).toMatch(/^Na at 100 K/);
    await fireEvent.click(screen.getByRole('button', { name: '100 K, K' }));
    expect(sentences.map((one) => one.getAttribute('aria-pressed'))).toEqual(['false', 'false', 'true']);
    expect(plot(/^Free energy against/)).toBeUndefined(); // of one temperature there is no curve
  });

  it('warns: of runs that disagree, samples that are not enough, and an accuracy that is not met', async () => {
    const doubtful: FreeEnergy = {
      ...change,
      accurate: false,
      samples: {
        energies: 256,
        stages: 2,
        deviation: 4,
        enough: false,
        reasons: ['they are spread too widely'],
      },
      switching: { ...change.switching!, verdict: 'disagree', text: 'the runs disagree' },
      warnings: ['dynamically unstable at rest: a mode'],
    };
    shown({
      ...answered(CHANGE, doubtful),
      reading: [{ role: 'warning', text: '300 K: dynamically unstable at rest: a mode' }],
    });
    await tick();
    expect(screen.getByText('Not converged:').className).toContain('bad');
    expect(screen.getByText('Samples are not enough:')).toBeTruthy();
    expect(screen.getByText(/they are spread too widely/)).toBeTruthy();
    expect(screen.getByText(/dynamically unstable at rest: a mode/)).toBeTruthy();
    expect(document.querySelector('td.doubtful')).toBeTruthy();
  });

  it('says while the job runs how far it is, and of a cancelled one what is not known', async () => {
    shown(null, 'running');
    expect(screen.getByText('7 of at most 20 computations: none is known yet')).toBeTruthy();
    cleanup();
    const unknown: FreeEnergy = {
      ...change,
      ...{ free_energy: null, standard_error: null, estimator: null, contributions: null, samples: null },
      ...{ switching: null, volume_per_atom: null, heat_capacity: null, accurate: false },
      text: 'Na to K at 300 K: not known yet',
    };
    shown(answered(CHANGE, unknown), 'cancelled');
    await tick();
    expect(screen.getByText('Na to K at 300 K: not known yet.')).toBeTruthy();
    expect(rows()[1]!.slice(1)).toEqual(['–', '–']);
    expect(screen.getByText('No samples and no runs are finished.')).toBeTruthy();
    cleanup();
    shown(answered(CHANGE, { ...change, standard_error: null }), 'cancelled');
    await tick();
    expect(rows()[1]![1]).toBe('−59.26');
    cleanup();
    shown(answered(CHANGE), 'cancelled');
    expect(screen.getByText('No free energy was computed before the job ended.')).toBeTruthy();
  });

  it('shows an answer of another version as it is, and why a job failed', () => {
    shown({ ...CRYSTAL, answer: { free_energies: [{ kelvin: 300 }] } });
    expect(screen.getByRole('region', { name: 'Raw answer' }).textContent).toContain('"kelvin": 300');
    cleanup();
    shown(null, 'failed');
    expect(screen.getByText('The job failed')).toBeTruthy();
  });
});

describe('a problem of kind free_energy', () => {
  const problem = {
    kind: 'free_energy',
    sublattices: [
      { name: 'anion', elements: ['Cl'] },
      { name: 'cation', elements: { Na: [0, 1], K: [0, 1] } },
    ],
    at: [{ anion: { Cl: 1 }, cation: { Na: 0.5, K: 0.5 } }],
  };

  it('goes from one pure end to the other, and back to crystals', () => {
    const { at, ...rest } = problem;
    const along = ofChange({ ...problem, free_energy: { atoms: 32, reference: 'harmonic' } });
    expect(along).toEqual({
      ...rest,
      free_energy: {
        atoms: 32,
        path: 'composition',
        from: { anion: { Cl: 1 }, cation: { Na: 1, K: 0 } },
        to: { anion: { Cl: 1 }, cation: { Na: 0, K: 1 } },
      },
    });
    const from = { cation: { Na: 0.9, K: 0.1 } };
    const kept = ofChange({ ...problem, free_energy: { from } });
    expect((kept.free_energy as { from: unknown }).from).toBe(from);
    expect(ofCrystals(along)).toEqual({ ...rest, free_energy: { atoms: 32, path: 'absolute' }, at });
    expect(ofCrystals({ kind: 'free_energy' })).toEqual({
      kind: 'free_energy',
      free_energy: { path: 'absolute' },
    });
  });

  it('has its temperatures in a line of numbers', () => {
    expect(numbersIn('300, 600;900 1e3')).toEqual([300, 600, 900, 1000]);
    expect([numbersIn(' '), numbersIn('300,'), numbersIn('300 K'), numbersIn('-')]).toEqual([
      [],
      [300],
      null,
      null,
    ]);
  });
});

describe('the page of free energies while the job runs', () => {
  const runs = {
    replicas: 4,
    timestep: 4.25,
    steps: 1680,
    ended: 8,
    temperature: 297.6,
    volume_per_atom: 23.456,
    drift: 0.00321,
    closest: 2.345,
    pace: null,
  };

  it('shows estimates with works and what the runs are like, and says so before any is known', async () => {
    const soFar = { ...change, free_energy: null, trajectories: runs, switching: null };
    shown(null, 'running', { ...CHANGE.answer, free_energies: [soFar] } as unknown as Result['answer']);
    await tick();
    const said = within(screen.getByLabelText('The runs'));
    expect(said.getByText('8, 4 at a time')).toBeTruthy();
    expect(said.getByText('1680 of 4.25 fs')).toBeTruthy();
    expect(said.getByText('298 K of 300 K')).toBeTruthy();
    expect(said.getByText('23.456 Å³ an atom')).toBeTruthy();
    expect(said.getByText('3.21 meV an atom and ps')).toBeTruthy();
    expect(said.getByText('2.35 Å')).toBeTruthy();
    expect(screen.queryByText(/stopped/i)).toBeNull();
    cleanup();
    shown(null, 'running', CHANGE.answer);
    await tick();
    expect(rows().length).toBeGreaterThan(1);
    expect(plot(/work/i)).toBeTruthy();
    cleanup();
    shown(null, 'running', {});
    await tick();
    expect(screen.getByText(/none is known yet/)).toBeTruthy();
  });
});
