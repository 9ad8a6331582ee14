import { describe, expect, it } from 'vitest';
import { assessed, madeEvaluation, madeProblem } from './made';
import { bestPlaces, lossOf, wishesOf } from './objectives';

describe('the wishes of a problem', () => {
  const same = { same_as: { prototype: 'wurtzite', species: ['Ga', 'N'] } };
  const problem = madeProblem({
    objectives: [
      { property: 'lattice_a', target: same, tolerance: 0.001 },
      { property: 'mixing_energy', goal: 'minimize' },
      { property: 'density', target: 3.4, tolerance: 0.02 },
    ],
  } as never);

  it('have the target of another crystal once the service has computed it', () => {
    expect(wishesOf(problem, [])[0]).toMatchObject({ hasTarget: true, target: null });
    expect(wishesOf(problem, [3.2144, null, 3.4])[0]).toMatchObject({ target: 3.2144, tolerance: 0.001 });
  });

  it('have numbers as targets at once, and directions without any', () => {
    const [, goal, target] = wishesOf(problem, []);
    expect(goal).toMatchObject({ hasTarget: false, target: null, goal: 'minimize' });
    expect(target).toMatchObject({ hasTarget: true, target: 3.4, goal: null });
  });
});

describe('the loss', () => {
  it('is what the service says, and null where it says nothing', () => {
    const made = madeEvaluation({ cation: { Al: 1 } }, { lattice_a: 3.1 });
    expect(lossOf({ ...made, assessment: assessed({ loss: 0.25 }) })).toBe(0.25);
    expect(lossOf({ ...made, assessment: assessed({ loss: null, feasible: false }) })).toBeNull();
    expect(lossOf(made)).toBeNull();
  });
});

describe('the best so far', () => {
  const of = (...pairs: [number | null, number | null][]) =>
    bestPlaces(pairs.map(([loss, best]) => assessed({ loss, best })));

  it('is the evaluation whose loss the service says was the least', () => {
    expect(of([null, null], [5, 5], [7, 5], [null, 5], [5, 5], [2, 2])).toEqual([-1, 1, 1, 1, 1, 5]);
  });

  it('holds when evaluations of a batch were told in another order than theirs', () => {
    // The third came before the second: when it was told, it was the best.
    expect(of([9, 9], [4, 4], [6, 6], [3, 3])).toEqual([0, 1, 1, 3]);
    expect(of([9, 9], [7, 6], [6, 6])).toEqual([0, 0, 2]);
  });

  it('is nothing for evaluations that nothing is said of', () => {
    expect(bestPlaces([null, undefined])).toEqual([-1, -1]);
  });
});
