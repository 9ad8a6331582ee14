import { describe, expect, it } from 'vitest';
import { fresh, renamed, without } from './measured';

const point = {
  composition: { cation: { Al: 0.8, Sc: 0.2 } },
  properties: { lattice_a: 3.21, lattice_c: 5.05 },
  deviation: { lattice_a: 0.003 },
  source: 'a paper',
};

describe('a measured point', () => {
  it('gets a value of another property, with what it may be off by', () => {
    expect(fresh(point, 'density', 0.05)).toEqual({
      ...point,
      properties: { lattice_a: 3.21, lattice_c: 5.05, density: 0 },
      deviation: { lattice_a: 0.003, density: 0.05 },
    });
  });

  it('keeps value and deviation when they are of another property, which replaces what that had', () => {
    expect(renamed(point, 'lattice_a', 'lattice_c')).toEqual({
      ...point,
      properties: { lattice_c: 3.21 },
      deviation: { lattice_c: 0.003 },
    });
  });

  it('loses a value with its deviation', () => {
    const { deviation, ...rest } = point;
    expect(deviation).toBeTruthy();
    expect(without(point, 'lattice_a')).toEqual({ ...rest, properties: { lattice_c: 5.05 } });
  });
});
