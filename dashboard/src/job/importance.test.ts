import { describe, expect, it } from 'vitest';
import type { ExpectedProperty } from '../api/types';
import { columnsOf, importances } from './importance';
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
      { sublattice: 'cation', element: 'Al', range: 0.5 },
      { sublattice: 'cation', element: 'Sc', range: 0.5 },
    ]);
    const fixed = madeProblem({
      sublattices: [{ name: 'a', sites: ['Al'], elements: { Al: [0, 0.8], Ga: [0, 0.8], In: [0.2, 0.2] } }],
    } as never);
    expect(columnsOf(fixed).map(({ element, range }) => [element, range])).toEqual([
      ['Al', expect.closeTo(0.8)],
      ['Ga', expect.closeTo(0.8)],
    ]);
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
