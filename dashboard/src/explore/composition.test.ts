import { describe, expect, it } from 'vitest';
import { madeEvaluation, madeProblem } from '../job/made';
import {
  atShares,
  atText,
  elementBounds,
  exchanged,
  inSteps,
  nearestTo,
  nearestWithin,
  parseAt,
  withFraction,
} from './composition';

const free = { low: 0, high: 1 };

describe('the nearest values within bounds', () => {
  it('takes off the mean of what is too much', () => {
    expect(nearestWithin([0.6, 0.5, 0.2], [free, free, free], 1)).toEqual([
      expect.closeTo(0.5),
      expect.closeTo(0.4),
      expect.closeTo(0.1),
    ]);
  });

  it('is the corner or the edge of a triangle for a pointer beyond it', () => {
    // Shares of a place below the lower edge: the nearest of the edge halves what the third lacks.
    expect(nearestWithin([0.7, 0.5, -0.2], [free, free, free], 1)).toEqual([
      expect.closeTo(0.6),
      expect.closeTo(0.4),
      expect.closeTo(0),
    ]);
    expect(nearestWithin([1.6, -0.2, -0.4], [free, free, free], 1)).toEqual([
      expect.closeTo(1),
      expect.closeTo(0),
      expect.closeTo(0),
    ]);
  });

  it('stays within bounds', () => {
    const found = nearestWithin([0.2, 0.8], [free, { low: 0, high: 0.5 }], 1);
    expect(found).toEqual([expect.closeTo(0.5), expect.closeTo(0.5)]);
  });
});

describe('steps', () => {
  it('keep the sum, the largest remainder going up', () => {
    expect(inSteps([1 / 3, 1 / 3, 1 / 3])).toEqual([0.334, 0.333, 0.333]);
    expect(inSteps([0.1239, 0.8761])).toEqual([0.124, 0.876]);
  });
});

describe('a fraction that is moved', () => {
  const three = { cation: { Al: 0.5, Ga: 0.3, In: 0.2 }, anion: { N: 1 } };
  const bounds = { Al: free, Ga: free, In: free };

  it('lets the others give way in proportion', () => {
    const found = withFraction(three, 'cation', 'Al', 0.6, bounds);
    expect(found).toEqual({ cation: { Al: 0.6, Ga: 0.24, In: 0.16 }, anion: { N: 1 } });
  });

  it('lets them give way in equal parts where none is there', () => {
    const found = withFraction({ cation: { Al: 1, Ga: 0, In: 0 } }, 'cation', 'Al', 0.9, bounds);
    expect(found.cation).toEqual({ Al: 0.9, Ga: 0.05, In: 0.05 });
  });

  it('goes no farther than the bounds of all let it', () => {
    const narrow = { Al: free, Ga: { low: 0.1, high: 0.3 }, In: { low: 0, high: 0.2 } };
    expect(withFraction(three, 'cation', 'Al', 0.0, narrow).cation).toEqual({ Al: 0.5, Ga: 0.3, In: 0.2 });
    expect(withFraction(three, 'cation', 'Al', 1.0, narrow).cation).toEqual({ Al: 0.9, Ga: 0.1, In: 0 });
  });
});

describe('a place of a triangle', () => {
  it('is a composition whose other fractions are held', () => {
    const through = { cation: { Al: 0.4, Ga: 0.2, In: 0.2, Sc: 0.2 } };
    const slice = { sublattice: 'cation', elements: ['Al', 'Ga', 'In'] };
    const bounds = { Al: free, Ga: free, In: free, Sc: free };
    expect(atShares(through, slice, [0.5, 0.25, 0.25], bounds).cation).toEqual({
      Al: 0.4,
      Ga: 0.2,
      In: 0.2,
      Sc: 0.2,
    });
    expect(atShares(through, slice, [1.2, 0.0, -0.2], bounds).cation).toEqual({
      Al: 0.8,
      Ga: 0,
      In: 0,
      Sc: 0.2,
    });
  });

  it('keeps to the bounds of the problem', () => {
    const bounds = elementBounds(madeProblem(), 'cation');
    expect(bounds).toEqual({ Al: { low: 0, high: 1 }, Sc: { low: 0, high: 0.5 } });
    const slice = { sublattice: 'cation', elements: ['Al', 'Sc'] };
    expect(atShares({ cation: { Al: 0.9, Sc: 0.1 } }, slice, [0.2, 0.8], bounds).cation).toEqual({
      Al: 0.5,
      Sc: 0.5,
    });
  });
});

describe('the distance of two compositions', () => {
  it('is the share of sites that hold another element', () => {
    expect(exchanged({ a: { Al: 0.7, Sc: 0.3 } }, { a: { Al: 0.6, Sc: 0.4 } })).toBeCloseTo(0.1);
    expect(exchanged({ a: { Al: 1, Ga: 0, In: 0 } }, { a: { Al: 0, Ga: 0.5, In: 0.5 } })).toBeCloseTo(1);
  });

  it('is that of the sublattice that differs most', () => {
    const [a, b] = [
      { a: { Al: 1, Ga: 0 }, b: { N: 0.9, P: 0.1 } },
      { a: { Al: 0.95, Ga: 0.05 }, b: { N: 0.6, P: 0.4 } },
    ];
    expect(exchanged(a, b)).toBeCloseTo(0.3);
  });

  it('finds the nearest evaluation', () => {
    const points = [0, 0.4, 0.9].map((x, index) => ({
      index,
      evaluation: madeEvaluation({ a: { Al: 1 - x, Sc: x } }, {}),
    }));
    const found = nearestTo(points, { a: { Al: 0.7, Sc: 0.3 } })!;
    expect(found.point.index).toBe(1);
    expect(found.distance).toBeCloseTo(0.1);
    expect(nearestTo([], { a: { Al: 1 } })).toBeNull();
  });
});

describe('a composition in an address', () => {
  const like = { cation: { Al: 0.8, Sc: 0.2 }, anion: { N: 1 } };

  it('is read as it was written', () => {
    expect(atText(like)).toBe('cation:Al=0.8,Sc=0.2;anion:N=1');
    expect(parseAt(atText(like), like)).toEqual(like);
  });

  it.each(['cation:Al=0.8', 'cation:Al=0.5,Sc=0.2;anion:N=1', 'cation:Xe=1;anion:N=1', 'x', ''])(
    'is none where it is no composition of the job: %s',
    (text) => expect(parseAt(text, like)).toBeNull(),
  );
});
