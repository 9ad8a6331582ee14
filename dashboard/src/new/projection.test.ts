import { describe, expect, it } from 'vitest';
import { crystal, project, repeats } from './projection';

const CUBE = [
  [4, 0, 0],
  [0, 4, 0],
  [0, 0, 4],
];

describe('a crystal on paper', () => {
  it('shows an atom at a corner of the cell at all eight corners, and one inside once', () => {
    const sites = [
      { index: 0, element: 'Cs', frac: [0, 0, 0] },
      { index: 1, element: 'Cl', frac: [0.5, 0.5, 0.5] },
    ];
    const { atoms, edges, centre } = crystal(CUBE, sites, [1, 1, 1]);
    expect(atoms.filter((atom) => atom.element === 'Cs')).toHaveLength(8);
    expect(atoms.filter((atom) => atom.element === 'Cl')).toHaveLength(1);
    expect(atoms.filter((atom) => atom.home)).toHaveLength(2);
    expect(edges).toHaveLength(12);
    expect(edges.every(([from, to]) => Math.hypot(...from.map((x, k) => x - to[k]!)) === 4)).toBe(true);
    expect(centre).toEqual([2, 2, 2]);
  });

  it('repeats short axes of cells with few atoms', () => {
    const wurtzite = [
      [3.1, 0, 0],
      [-1.55, 2.7, 0],
      [0, 0, 5],
    ];
    expect(repeats(wurtzite, 4)).toEqual([2, 2, 1]);
    expect(repeats(wurtzite, 14)).toEqual([1, 1, 1]);
    expect(repeats([[9, 0, 0], ...CUBE.slice(1)], 4)).toEqual([1, 2, 2]);
  });

  it('keeps lengths, looks along y at first, and puts up at the top', () => {
    const plain = project([1, 2, 3], [0, 0, 0], { turn: 0, tilt: 0 });
    expect(plain[0]).toBeCloseTo(1);
    expect(plain[1]).toBeCloseTo(-3);
    expect(plain[2]).toBeCloseTo(-2);
    const turned = project([1, 2, 3], [0, 0, 0], { turn: 33, tilt: -20 });
    expect(Math.hypot(...turned)).toBeCloseTo(Math.hypot(1, 2, 3));
  });
});
