import { describe, expect, it } from 'vitest';
import { clip, WHOLE } from '../plots/ternary';
import { madeEvaluation, madeProblem } from './made';
import {
  along,
  bestSlice,
  distance,
  halfPlanes,
  overText,
  projected,
  sameComposition,
  slicesOf,
  slopeAlong,
  triples,
} from './slice';

const four = madeProblem({
  sublattices: [
    { name: 'cation', sites: ['Al'], elements: { Al: [0, 1], Ga: [0, 1], In: [0, 0.4], Sc: [0.1, 0.4] } },
    { name: 'anion', sites: ['N'], elements: { N: [0, 1], P: [0, 0.3] } },
    { name: 'rest', sites: [0], elements: { O: [1, 1] } },
  ],
  constraints: { linear: [{ terms: { 'cation:In': 1, 'anion:P': 2 }, min: null, max: 0.5 }] },
} as never);

describe('slices of a composition space', () => {
  it('are all triples of a sublattice of four, and the pair of a sublattice of two', () => {
    expect(slicesOf(four).map(overText)).toEqual([
      'cation:Al,Ga,In',
      'cation:Al,Ga,Sc',
      'cation:Al,In,Sc',
      'cation:Ga,In,Sc',
      'anion:N,P',
    ]);
    expect(triples(['a', 'b', 'c', 'd', 'e'])).toHaveLength(10);
  });

  it('begin with the elements that there is most of', () => {
    const slice = bestSlice(four, { cation: { Al: 0.1, Ga: 0.4, In: 0.2, Sc: 0.3 }, anion: { N: 1, P: 0 } });
    expect(overText(slice!)).toBe('cation:Ga,In,Sc');
    expect(overText(bestSlice(four, null)!)).toBe('cation:Al,Ga,In');
  });

  it('show a composition by the shares of their elements among themselves', () => {
    const slice = { sublattice: 'cation', elements: ['Al', 'Ga', 'In'] };
    const composition = { cation: { Al: 0.2, Ga: 0.4, In: 0.2, Sc: 0.2 } };
    const { shares, total } = projected(composition, slice)!;
    expect(total).toBeCloseTo(0.8, 12);
    expect(shares[1]).toBeCloseTo(0.5, 12);
    expect(projected({ cation: { Al: 0, Ga: 0, In: 0, Sc: 1 } }, slice)).toBeNull();
    expect(distance(composition, slice, { cation: { Al: 0.7, Ga: 0.1, In: 0, Sc: 0.2 } })).toBeCloseTo(0, 12);
    expect(distance(composition, slice, { cation: { Al: 0.7, Ga: 0.1, In: 0, Sc: 0.1 } })).toBeCloseTo(
      0.1,
      1,
    );
  });

  it('are restricted by bounds and linear constraints at what the other elements hold', () => {
    const slice = { sublattice: 'cation', elements: ['Al', 'Ga', 'In'] };
    const through = { cation: { Al: 0.5, Ga: 0.3, In: 0, Sc: 0.2 }, anion: { N: 0.85, P: 0.15 } };
    const region = clip(WHOLE, halfPlanes(four, slice, through));
    // In + 2 P <= 0.5 leaves In <= 0.2 of a total of 0.8: a share of a quarter; its own bound of 0.4 would leave a half.
    expect(Math.max(...region.map((shares) => shares[2]))).toBeCloseTo(0.25, 10);
    const wide = clip(WHOLE, halfPlanes(four, slice, { ...through, anion: { N: 1, P: 0 } }));
    expect(Math.max(...wide.map((shares) => shares[2]))).toBeCloseTo(0.5, 10);
  });

  it('see of a gradient what their elements can follow', () => {
    const parts = along(
      { cation: { Al: 3, Ga: -1, In: 1, Sc: -3 } },
      { sublattice: 'cation', elements: ['Al', 'Ga', 'In'] },
    )!;
    expect(parts).toEqual([2, -2, 0]);
  });

  it('have the slope of a line as the difference of two gradients', () => {
    const evaluation = madeEvaluation(
      { cation: { Al: 0.8, Sc: 0.2 } },
      { lattice_a: [3.22, { cation: { Al: -0.2336, Sc: 0.2336 } }] },
    );
    expect(slopeAlong(evaluation, 'lattice_a', { sublattice: 'cation', elements: ['Al', 'Sc'] })).toBeCloseTo(
      0.4672,
      12,
    );
  });

  it('tell compositions apart by more than rounding', () => {
    expect(sameComposition({ c: { A: 0.1 + 0.2 } }, { c: { A: 0.3 } })).toBe(true);
    expect(sameComposition({ c: { A: 0.3001 } }, { c: { A: 0.3 } })).toBe(false);
  });
});
