import { describe, expect, it } from 'vitest';
import { elementsOf, membersOf, owners, sublatticeOn, withSpecies } from './sublattices';

const SITES = ['Al', 'Al', 'N', 'N'].map((element, index) => ({
  index,
  element,
  sublattice: null,
  frac: [0, 0, 0],
}));
const PROBLEM = {
  structure: { prototype: 'wurtzite', species: ['Al', 'N'], a: 3.11 },
  sublattices: [{ name: 'cation', sites: ['Al'], elements: { Al: [0, 1], Sc: [0, 0.5] } }],
};

describe('sublattices', () => {
  it('read a list of elements as the whole range of each', () => {
    expect(elementsOf({ elements: ['Na', 'K'] })).toEqual([
      { symbol: 'Na', low: 0, high: 1 },
      { symbol: 'K', low: 0, high: 1 },
    ]);
    expect(elementsOf({ elements: { Sc: [0, 0.5], X: 'nonsense' } })).toHaveLength(2);
  });

  it('hold sites by element and by number', () => {
    expect([...membersOf({ sites: ['N', 0] }, SITES)]).toEqual([0, 2, 3]);
    expect([...owners(PROBLEM, SITES).entries()]).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it('are made from a click on an atom, under a name that is free', () => {
    expect(sublatticeOn(PROBLEM, SITES[2]!, false)).toEqual({
      name: 'anion',
      sites: ['N'],
      elements: { N: [0, 1] },
    });
    const first = sublatticeOn({ ...PROBLEM, sublattices: [] }, SITES[1]!, true);
    expect(first).toMatchObject({ name: 'cation', sites: [1] });
    expect(sublatticeOn(PROBLEM, SITES[1]!, true)).toMatchObject({ name: 'Al' });
  });

  it('follow when an element of the parent is exchanged', () => {
    expect(withSpecies(PROBLEM, 0, 'Ga')).toEqual({
      structure: { prototype: 'wurtzite', species: ['Ga', 'N'] },
      sublattices: [{ name: 'cation', sites: ['Ga'], elements: { Ga: [0, 1], Sc: [0, 0.5] } }],
    });
    expect(withSpecies(PROBLEM, 0, 'Sc').sublattices).toEqual([
      { name: 'cation', sites: ['Sc'], elements: { Sc: [0, 1] } },
    ]);
  });
});
