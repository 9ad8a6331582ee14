import { describe, expect, it } from 'vitest';
import { assessed, madeEvaluation } from './made';
import { settled } from './settled';

const at = (x: number, best: number | null, energy?: number) =>
  madeEvaluation(
    { cation: { Al: 1 - x, Sc: x } },
    { lattice_a: 3 + x, ...(energy === undefined ? {} : { mixing_energy: energy }) },
    { assessment: assessed({ best }) },
  );

describe('the evaluations of a job that has ended', () => {
  it('are those of its result, whatever order they are in there, under their own numbers', () => {
    const points = [0, 0.5, 1].map((x, k) => ({ index: 2 * k, evaluation: at(x, null) }));
    const found = settled(points, [at(1, 3, 0), at(0, 1, 0), at(0.5, 2, 0.01)]);
    expect(found.map(({ index }) => index)).toEqual([0, 2, 4]);
    expect(found.map(({ evaluation }) => evaluation.assessment?.best)).toEqual([1, 2, 3]);
    expect(found[1]!.evaluation.properties.mixing_energy?.value).toBe(0.01);
  });

  it('stay as they were told where the result has them not, and in order where it has one twice', () => {
    const points = [0, 0, 1].map((x, index) => ({ index, evaluation: at(x, null) }));
    const found = settled(points, [at(0, 7), at(0, 8)]);
    expect(found.map(({ evaluation }) => evaluation.assessment?.best)).toEqual([7, 8, null]);
  });
});
