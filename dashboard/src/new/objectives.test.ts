import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json';
import { tolerance, weighed, wishOf, withWish } from './objectives';

describe('an objective', () => {
  it('is a target, the value of another crystal, or a direction', () => {
    expect(wishOf({ property: 'lattice_a', target: 3.2 })).toBe('target');
    expect(wishOf({ property: 'lattice_a', target: { same_as: {} } })).toBe('same_as');
    expect(wishOf({ property: 'lattice_a', goal: 'maximize' })).toBe('maximize');
    expect(wishOf('nonsense')).toBe('target');
  });

  it('loses what belongs to another kind of wish, and keeps the rest', () => {
    const target = { property: 'lattice_a', target: 3.2, tolerance: 0.001, weight: 2 };
    const goal = withWish(target, 'minimize', 'Å');
    expect(goal).toEqual({ property: 'lattice_a', goal: 'minimize', weight: 2 });
    expect(withWish({ ...goal, scale: 3 }, 'target', 'Å')).toEqual({
      property: 'lattice_a',
      tolerance: tolerance('Å'),
      weight: 2,
    });
    expect(withWish(target, 'same_as', 'Å')).toMatchObject({ tolerance: 0.001, target: { same_as: {} } });
  });

  it('has a weight if all have one', () => {
    const two: JsonObject[] = [{ property: 'a', weight: 3 }, { property: 'b' }];
    expect(weighed(two, true)).toEqual([
      { property: 'a', weight: 3 },
      { property: 'b', weight: 1 },
    ]);
    expect(weighed(two, false)).toEqual([{ property: 'a' }, { property: 'b' }]);
  });
});
