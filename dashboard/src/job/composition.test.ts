import { describe, expect, it } from 'vitest';
import type { SurrogateMap } from '../api/types';
import {
  arrowsOn,
  bandOf,
  betweenPoints,
  latticesOf,
  placesOn,
  unknownStretches,
  worstMiss,
} from './composition';
import { assessed, madeEvaluation, madeProblem } from './made';
import { wishesOf } from './objectives';

const pair = { sublattice: 'cation', elements: ['Al', 'Sc'] };
const triple = { sublattice: 'cation', elements: ['Al', 'Ga', 'In'] };

function lineMap(mean: (x: number) => number, deviation = 1e-4): SurrogateMap {
  const xs = Array.from({ length: 101 }, (_, k) => k / 100);
  return {
    property: 'lattice_a',
    unit: 'Å',
    over: ['cation:Al', 'cation:Sc'],
    at: { cation: { Al: 0.5, Sc: 0.5 } },
    compositions: xs.map((x) => ({ cation: { Al: 1 - x, Sc: x } })),
    mean: xs.map(mean),
    deviation: xs.map(() => deviation),
    feasible: xs.map((x) => x <= 0.5),
    beyond: xs.map(() => false),
    evaluations: 3,
    left_out: [],
  };
}

function triangleMap(of: (a: number, b: number, c: number) => number): SurrogateMap {
  const compositions = [];
  for (let i = 40; i >= 0; i -= 1) {
    for (let j = 40 - i; j >= 0; j -= 1) {
      compositions.push({
        cation: { Al: (0.8 * i) / 40, Ga: (0.8 * j) / 40, In: (0.8 * (40 - i - j)) / 40, Sc: 0.2 },
      });
    }
  }
  const mean = compositions.map(({ cation }) => of(cation.Al, cation.Ga, cation.In));
  return {
    ...lineMap(() => 0),
    over: ['cation:Al', 'cation:Ga', 'cation:In'],
    at: compositions[0]!,
    compositions,
    mean,
    deviation: mean.map(() => 1e-4),
    feasible: mean.map(() => true),
  };
}

const points = [0, 0.25, 0.5].map((x, index) => ({
  index,
  evaluation: madeEvaluation({ cation: { Al: 1 - x, Sc: x } }, { lattice_a: 3.1 + 0.4 * x }),
}));

describe('a map', () => {
  it('of two elements is a line by the share of the second', () => {
    const band = bandOf(
      lineMap((x) => 3.1 + 0.4 * x),
      pair,
    );
    expect(band[0]).toMatchObject({ share: 0, mean: 3.1 });
    expect(betweenPoints(band, 0.333)!.mean).toBeCloseTo(3.1 + 0.4 * 0.333, 10);
    expect(betweenPoints(band, 0)!.mean).toBeCloseTo(3.1, 12);
    expect(betweenPoints(band, 1)!.mean).toBeCloseTo(3.5, 12);
    expect(betweenPoints(band, 1.1)).toBeNull();
  });

  it('knows nothing beyond the data and where one phase gives way to another', () => {
    const map = lineMap((x) => 3.1 + 0.4 * x);
    const share = (k: number) => map.compositions[k]!.cation!.Sc!;
    const beyond = map.mean.map((_, k) => share(k) > 0.9 || (share(k) > 0.44 && share(k) < 0.51));
    const stretches = unknownStretches(bandOf({ ...map, beyond }, pair));
    expect(stretches).toHaveLength(2);
    expect(stretches[0]![0]).toBeGreaterThan(0.44);
    expect(stretches[0]![1]).toBeLessThan(0.51);
    expect(stretches[1]![1]).toBeCloseTo(1, 12);
    expect(unknownStretches(bandOf(map, pair))).toEqual([]);
  });

  it('of three elements is a lattice of their shares, whatever a fourth holds', () => {
    const { mean } = latticesOf(
      triangleMap((al, ga) => al + 10 * ga),
      triple,
    )!;
    expect(mean.steps).toBe(40);
    expect(mean.values[10 * 41 + 20]).toBeCloseTo(0.8 * 0.25 + 10 * 0.8 * 0.5, 10);
  });

  it('that agrees with the evaluations is trusted, one that misses them by more than it says is not', () => {
    const places = placesOn(points, pair, points[0]!.evaluation.composition);
    const exact = (x: number) => 3.1 + 0.4 * x;
    expect(worstMiss(lineMap(exact), pair, points, places)).toBeNull();
    const off = lineMap((x) => exact(x) + (x > 0.4 ? 0.05 : 0));
    expect(worstMiss(off, pair, points, places)).toMatchObject({ index: 2, miss: expect.closeTo(0.05, 8) });
    expect(worstMiss({ ...off, deviation: off.deviation.map(() => 0.03) }, pair, points, places)).toBeNull();
  });
});

describe('arrows', () => {
  const downhill = { cation: { Al: 100, Ga: -50, In: -50, Sc: 12 } };
  const madeWith = (loss: number | null, way: typeof downhill | null, index = 0) => ({
    index,
    evaluation: madeEvaluation(
      { cation: { Al: 0.4, Ga: 0.4, In: 0.2 } },
      { lattice_a: 3.3 },
      { assessment: assessed({ loss, downhill: way }) },
    ),
  });
  const wishes = wishesOf(madeProblem(), []);

  it('lead from evaluations on the slice along what the service calls downhill, and stop within the tolerance', () => {
    const made = [madeWith(2500, downhill), madeWith(0.0625, downhill, 1)];
    const arrows = arrowsOn(made, placesOn(made, triple, null), wishes, triple);
    expect(arrows).toHaveLength(1);
    expect(arrows[0]!.change).toEqual([100, -50, -50]);
    expect(arrows[0]!.steepness).toBeCloseTo(Math.hypot(100, 50, 50), 8);
  });

  it('are missing where the service says no direction', () => {
    const made = [madeWith(2500, null), { index: 1, evaluation: madeEvaluation({ cation: { Al: 1 } }, {}) }];
    expect(arrowsOn(made, placesOn(made, triple, null), wishes, triple)).toEqual([]);
  });
});
