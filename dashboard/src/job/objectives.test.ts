import { describe, expect, it } from 'vitest';
import { madeEvaluation, madeProblem } from './made';
import { bestSoFar, downhill, lossOf, merit, nondominated, wantsFront, wishesOf } from './objectives';

const noUnit = () => 'Å';
const at = (x: number, a: number, slope = 0.25) =>
  madeEvaluation({ cation: { Al: 1 - x, Sc: x } }, { lattice_a: [a, { cation: { Al: -slope, Sc: slope } }] });

describe('the loss', () => {
  it('is what the service computed for the answer of Al(Sc)N on GaN', () => {
    const problem = madeProblem({
      objectives: [
        {
          property: 'lattice_a',
          target: { same_as: { prototype: 'wurtzite', species: ['Ga', 'N'] } },
          tolerance: 0.001,
        },
      ],
    } as never);
    const wishes = wishesOf(problem, [3.214444138484257], noUnit);
    expect(lossOf(at(0.183496, 3.21440015260417), wishes, problem)).toBeCloseTo(0.0019347576470010546, 12);
  });

  it('is not known before a same_as target is', () => {
    const problem = madeProblem({
      objectives: [
        {
          property: 'lattice_a',
          target: { same_as: { prototype: 'wurtzite', species: ['Ga', 'N'] } },
          tolerance: 0.001,
        },
      ],
    } as never);
    const wishes = wishesOf(problem, [], noUnit);
    expect(wishes[0]!.hasTarget).toBe(true);
    expect(lossOf(at(0.2, 3.2), wishes, problem)).toBeNull();
  });

  it('sums weighted targets and goals, with the scale of the unit where none is given', () => {
    const problem = madeProblem({
      objectives: [
        { property: 'lattice_a', target: 3.2, tolerance: 0.1, weight: 2 },
        { property: 'mixing_energy', goal: 'maximize', weight: 3 },
      ],
    } as never);
    const wishes = wishesOf(problem, [], (name) => (name === 'mixing_energy' ? 'eV/atom' : 'Å'));
    const evaluation = madeEvaluation({ cation: { Al: 1 } }, { lattice_a: 3.5, mixing_energy: 0.02 });
    expect(lossOf(evaluation, wishes, problem)).toBeCloseTo(2 * 9 - 3 * (0.02 / 0.01), 10);
  });

  it('does not exist for what failed or breaks a bound on a property', () => {
    const problem = madeProblem({
      constraints: { properties: [{ property: 'lattice_a', max: 3.25 }] },
    } as never);
    const wishes = wishesOf(problem, [], noUnit);
    expect(lossOf(at(0.1, 3.24), wishes, problem)).toBeCloseTo(400, 6);
    expect(lossOf(at(0.1, 3.26), wishes, problem)).toBeNull();
    expect(lossOf({ ...at(0.1, 3.24), converged: false }, wishes, problem)).toBeNull();
  });
});

describe('the best so far', () => {
  it('is the first of the least up to each evaluation, and skips what has no loss', () => {
    expect(bestSoFar([null, 5, 7, null, 5, 2])).toEqual([-1, 1, 1, 1, 1, 5]);
  });
});

describe('downhill', () => {
  it('points towards the target with the slope in tolerances, on either side of it', () => {
    const wishes = wishesOf(madeProblem(), [], noUnit);
    const above = downhill(at(0.3, 3.3), wishes)!.cation!;
    const below = downhill(at(0.1, 3.1), wishes)!.cation!;
    // The distance in tolerances falls by 0.25 / 0.002 per unit fraction.
    expect(above.Sc).toBeCloseTo(-125, 8);
    expect(above.Al).toBeCloseTo(125, 8);
    expect(below.Sc).toBeCloseTo(125, 8);
  });

  it('agrees with finite differences of the loss for a goal', () => {
    const problem = madeProblem({
      objectives: [{ property: 'lattice_a', goal: 'minimize', scale: 0.5 }],
    } as never);
    const wishes = wishesOf(problem, [], noUnit);
    const loss = (x: number) => lossOf(at(x, 3.1 + 0.5 * x), wishes, problem)!;
    const slope = (loss(0.3 + 1e-5) - loss(0.3 - 1e-5)) / 2e-5;
    const { Al, Sc } = downhill(at(0.3, 3.25), wishes)!.cation!;
    expect(Sc! - Al!).toBeCloseTo(-slope, 6);
  });

  it('does not exist without a gradient', () => {
    const wishes = wishesOf(madeProblem(), [], noUnit);
    expect(downhill(madeEvaluation({ cation: { Al: 1 } }, { lattice_a: 3.1 }), wishes)).toBeNull();
  });
});

describe('the front', () => {
  it('is wanted where several objectives have no weights', () => {
    const objectives = [
      { property: 'a', goal: 'minimize' },
      { property: 'b', goal: 'maximize' },
    ];
    expect(wantsFront(madeProblem({ objectives } as never))).toBe(true);
    expect(
      wantsFront(madeProblem({ objectives: objectives.map((o) => ({ ...o, weight: 1 })) } as never)),
    ).toBe(false);
    expect(wantsFront(madeProblem())).toBe(false);
  });

  it('is what comparing every pair finds', () => {
    const merits = Array.from({ length: 120 }, (_, k) => [(k * 37) % 61, (k * 53) % 67, (k * 29) % 71]);
    const brute = merits.flatMap((one, place) =>
      merits.some((other, k) => k !== place && other.every((value, axis) => value <= one[axis]!))
        ? []
        : [place],
    );
    expect(nondominated(merits).sort((a, b) => a - b)).toEqual(brute);
    expect(nondominated([[1, 2], null, [0, 3], [2, 2]]).sort()).toEqual([0, 2]);
  });

  it('counts distance from a target as something to be small', () => {
    const [wish] = wishesOf(madeProblem(), [], noUnit);
    expect(merit(wish!, 3.15)).toBeCloseTo(0.05, 12);
  });
});
