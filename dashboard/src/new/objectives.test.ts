import { describe, expect, it } from 'vitest';
import { madeProperties } from '../job/made';
import type { JsonObject } from './json';
import { boundOn, weighed, wishOf, withProperty, withWish } from './objectives';

const property = (name: string) => madeProperties().find((one) => one.name === name)!;
const [length, density, energy] = ['lattice_a', 'density', 'mixing_energy'].map(property);

describe('an objective', () => {
  it('is a target, the value of another crystal, or a direction', () => {
    expect(wishOf({ property: 'lattice_a', target: 3.2 })).toBe('target');
    expect(wishOf({ property: 'lattice_a', target: { same_as: {} } })).toBe('same_as');
    expect(wishOf({ property: 'lattice_a', goal: 'maximize' })).toBe('maximize');
    expect(wishOf('nonsense')).toBe('target');
  });

  it('loses what belongs to another kind of wish, and keeps the rest', () => {
    const target = { property: 'lattice_a', target: 3.2, tolerance: 0.001, weight: 2 };
    const goal = withWish(target, 'minimize', length);
    expect(goal).toEqual({ property: 'lattice_a', goal: 'minimize', weight: 2 });
    expect(withWish({ ...goal, scale: 3 }, 'target', length)).toEqual({
      property: 'lattice_a',
      tolerance: length!.tolerance,
      weight: 2,
    });
    expect(withWish(target, 'same_as', length)).toMatchObject({ tolerance: 0.001, target: { same_as: {} } });
  });

  it('has no tolerance to begin with where the catalogue does not know its property', () => {
    expect(withWish({ property: 'unheard' }, 'target', undefined)).toEqual({ property: 'unheard' });
  });

  it('loses target, tolerance and scale that belonged to the unit of its old property', () => {
    const target = { property: 'lattice_a', target: 3.2, tolerance: 0.001, weight: 2 };
    expect(withProperty(target, length, density!)).toEqual({
      property: 'density',
      tolerance: 0.02,
      weight: 2,
    });
    const goal = { property: 'mixing_energy', goal: 'minimize', scale: 0.01 };
    expect(withProperty(goal, energy, density!)).toEqual({ property: 'density', goal: 'minimize' });
    const same = { property: 'lattice_a', target: { same_as: {} }, tolerance: 0.001 };
    expect(withProperty(same, length, density!)).toEqual({ ...same, property: 'density', tolerance: 0.02 });
  });

  it('keeps them where the new property has the same unit', () => {
    const target = { property: 'lattice_a', target: 3.2, tolerance: 0.001 };
    const other = { ...length!, name: 'lattice_c' };
    expect(withProperty(target, length, other)).toEqual({ ...target, property: 'lattice_c' });
    const unknown = { property: 'unheard', target: 3.2, tolerance: 0.001 };
    expect(withProperty(unknown, undefined, other)).toEqual({ property: 'lattice_c', tolerance: 0.002 });
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

describe('a bound', () => {
  it('loses its numbers with the unit that they were in', () => {
    const bound = { property: 'mixing_energy', max: 0.05 };
    expect(boundOn(bound, energy, density!)).toEqual({ property: 'density' });
    expect(boundOn(bound, energy, { ...energy!, name: 'energy' })).toEqual({ property: 'energy', max: 0.05 });
  });
});
