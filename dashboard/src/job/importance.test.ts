import { describe, expect, it } from 'vitest';
import type { ExpectedProperty } from '../api/types';
import { columnsOf, importances, tiedBy } from './importance';
import { madeEvaluation, madeProblem } from './made';
import { fractionsOf, isFraction, quantityOf, quantityText } from './quantities';

const problem = madeProblem();

/** Evaluations of Al(1-x)Sc(x): what `slope` says that 1 % more Sc changes, as the service would. */
const points = (slope: (x: number) => number) =>
  [0, 0.25, 0.5].map((x, index) => {
    const evaluation = madeEvaluation({ cation: { Al: 1 - x, Sc: x } }, { lattice_a: 3.1 + 0.4 * x });
    evaluation.properties.lattice_a!.per_percent = { cation: { Al: -slope(x), Sc: slope(x) } };
    return { index, evaluation };
  });

describe('importance', () => {
  it('has the range that the bounds of all elements leave each', () => {
    expect(columnsOf(problem)).toEqual([
      { sublattice: 'cation', element: 'Al', range: 0.5, direction: null },
      { sublattice: 'cation', element: 'Sc', range: 0.5, direction: null },
    ]);
    const fixed = madeProblem({
      sublattices: [{ name: 'a', sites: ['Al'], elements: { Al: [0, 0.8], Ga: [0, 0.8], In: [0.2, 0.2] } }],
    } as never);
    expect(columnsOf(fixed).map(({ element, range }) => [element, range])).toEqual([
      ['Al', expect.closeTo(0.8)],
      ['Ga', expect.closeTo(0.8)],
    ]);
  });

  const constrained = (...linear: object[]) =>
    madeProblem({
      sublattices: [{ name: 'a', sites: ['Al'], elements: { Al: [0, 1], Ga: [0, 1], In: [0, 1] } }],
      constraints: { linear, min_if_present: {}, max_elements: {}, properties: [] },
    } as never);

  it('has no more range than linear constraints leave', () => {
    const most = constrained({ terms: { 'a:Al': 2, 'a:Ga': 1 }, max: 0.5 });
    expect(columnsOf(most).map(({ element, range }) => [element, range])).toEqual([
      ['Al', expect.closeTo(0.25)],
      ['Ga', expect.closeTo(0.5)],
      ['In', expect.closeTo(0.5)],
    ]);
    expect(columnsOf(most).every(({ direction }) => direction === null)).toBe(true);
    expect(tiedBy(most)).toEqual([]);
  });

  it('goes only where an equality allows it, with slopes along that way', () => {
    // Al = 2 Ga: (Al, Ga, In) can only move along (2, 1, -3), with Ga up to 1/3.
    const tied = constrained({ terms: { 'a:Al': 1, 'a:Ga': -2 }, min: 0, max: 0 });
    const columns = columnsOf(tied);
    expect(columns.map(({ element, range }) => [element, range])).toEqual([
      ['Al', expect.closeTo(2 / 3)],
      ['Ga', expect.closeTo(1 / 3)],
      ['In', expect.closeTo(1)],
    ]);
    expect(columns[1]!.direction).toEqual({
      a: { Al: expect.closeTo(2), Ga: expect.closeTo(1), In: expect.closeTo(-3) },
    });
    // A linear property 3 + 0.1 Al + 0.5 Ga: from Ga = 0 to 1/3 it moves by (2 * 0.1 + 0.5) / 3, whoever is asked.
    const gradient = { a: { Al: 0.1 - 0.2, Ga: 0.5 - 0.2, In: -0.2 } };
    const evaluation = madeEvaluation({ a: { Al: 0.2, Ga: 0.1, In: 0.7 } }, { lattice_a: [3.07, gradient] });
    evaluation.properties.lattice_a!.per_percent = { a: { Al: 1, Ga: 1, In: 1 } };
    const [row] = importances([{ index: 0, evaluation }], ['lattice_a'], columns, []);
    expect(row!.of).toEqual([
      { size: expect.closeTo(0.7 / 3), sign: 1 },
      { size: expect.closeTo(0.7 / 3), sign: 1 },
      { size: expect.closeTo(0.7 / 3), sign: -1 },
    ]);
  });

  it('names what a constraint fixes', () => {
    const fixed = constrained({ terms: { 'a:In': 1 }, min: 0.2, max: 0.2 });
    expect(columnsOf(fixed).map(({ element, range }) => [element, range])).toEqual([
      ['Al', expect.closeTo(0.8)],
      ['Ga', expect.closeTo(0.8)],
    ]);
    expect(tiedBy(fixed)).toMatchObject([{ sublattice: 'a', element: 'In' }]);
  });

  it('is the whole change of a linear property: half of 0.4 Å', () => {
    const [row] = importances(
      points(() => 0.004),
      ['lattice_a'],
      columnsOf(problem),
      [],
    );
    expect(row).toEqual({
      property: 'lattice_a',
      evaluations: 3,
      of: [
        { size: expect.closeTo(0.2), sign: -1 },
        { size: expect.closeTo(0.2), sign: 1 },
      ],
    });
  });

  it('takes the mean size of slopes that change their sign', () => {
    // d/dx of (x - 1/4)^2 is -1/2, 0, 1/2 per unit: the mean size is 1/3, over half of the unit 1/6.
    const [row] = importances(
      points((x) => 0.02 * (x - 0.25)),
      ['lattice_a'],
      columnsOf(problem),
      [],
    );
    expect(row!.of[1]).toEqual({ size: expect.closeTo(1 / 6), sign: 0 });
  });

  it('asks the surrogate where no slope was measured, and says nothing where nobody knows', () => {
    const bare = points(() => 0).map((point) => {
      point.evaluation.properties.lattice_a!.per_percent = null;
      return point;
    });
    expect(importances(bare, ['lattice_a'], columnsOf(problem), [])).toEqual([]);
    const expected = { property: 'lattice_a', per_percent: { cation: { Al: -0.01, Sc: 0.01 } } };
    const [row] = importances(bare, ['lattice_a'], columnsOf(problem), [
      expected as unknown as ExpectedProperty,
    ]);
    expect(row).toMatchObject({ evaluations: 0, of: [{ sign: -1 }, { size: expect.closeTo(0.5), sign: 1 }] });
  });
});

describe('quantities of a plot', () => {
  const { evaluation } = points(() => 0)[1]!;

  it('are properties and the fractions of mixed elements', () => {
    expect(fractionsOf(problem)).toEqual(['x(cation:Al)', 'x(cation:Sc)']);
    expect(quantityText('x(cation:Sc)')).toBe('fraction of Sc on cation');
    expect(isFraction('mass_fraction:Sc')).toBe(false);
  });

  it('have values at an evaluation', () => {
    expect(quantityOf(evaluation, 'x(cation:Sc)')).toBe(0.25);
    expect(quantityOf(evaluation, 'lattice_a')).toBeCloseTo(3.2);
    expect(quantityOf(evaluation, 'density')).toBeNull();
    expect(quantityOf({ ...evaluation, converged: false }, 'lattice_a')).toBeNull();
  });
});
