import { describe, expect, it } from 'vitest';
import { elementColour, TABLE } from '../new/elements';
import type { CrystalState } from '../api/types';
import { cellName, cellOf, drawable, halfExtents, toCif } from './crystal';

const WURTZITE: CrystalState = {
  lattice: [
    [3.2144, 0, 0],
    [-1.6072, 3.2144 * Math.sqrt(0.75), 0],
    [0, 0, 5.0811],
  ],
  sites: [
    { species: { Al: 0.8165, Sc: 0.1835 }, frac: [-9.5e-18, 0, 0.005] },
    { species: { N: 0.95, Vac: 0.05 }, frac: [1 / 3, 2 / 3, 1.12] },
  ],
};

describe('crystals', () => {
  it('have the lengths, angles and volume of their lattice vectors', () => {
    const cell = cellOf(WURTZITE.lattice);
    expect(cell.a).toBeCloseTo(3.2144, 12);
    expect(cell.b).toBeCloseTo(3.2144, 12);
    expect(cell.c).toBeCloseTo(5.0811, 12);
    expect([cell.alpha, cell.beta].map((angle) => Math.round(angle * 1e6))).toEqual([90e6, 90e6]);
    expect(cell.gamma).toBeCloseTo(120, 10);
    expect(cell.volume).toBeCloseTo(3.2144 ** 2 * 5.0811 * Math.sqrt(0.75), 8);
  });

  it('are drawn inside of their cell, without vacancies', () => {
    const { sites } = drawable(WURTZITE);
    expect(sites[0]!.abc[0]).toBe(0);
    expect(sites[1]!.abc[2]).toBeCloseTo(0.12, 12);
    expect(sites[1]!.species).toEqual([{ element: 'N', occu: 0.95, oxidation_state: 0 }]);
    expect(sites[1]!.xyz[1]).toBeCloseTo((2 / 3) * 3.2144 * Math.sqrt(0.75), 10);
  });

  it('are seen with c upwards, as wide and high as they are from the side and from above', () => {
    const box = [-1, 1].flatMap((x) => [-2, 2].flatMap((y) => [-3, 3].map((z) => [x, y, z] as const)));
    const front = halfExtents(box, [0, 0, 0], [0, 0, 1]);
    expect([front.width, front.height]).toEqual([1, 3]);
    const side = halfExtents(box, [0, 0, 0], [5, 0, 0]);
    expect(side.width).toBeCloseTo(2, 12);
    expect(side.height).toBeCloseTo(3, 12);
    const above = halfExtents(box, [0, 0, 0], [0, 1, 1e-9]);
    expect(above.height).toBeCloseTo(2, 6);
  });

  it('are written as CIF with a line for each element of a site', () => {
    const cif = toCif(WURTZITE, 'Al(Sc)N · matched', "Orichalcum's evaluation 2");
    expect(cif).toMatch(/^data_Al_Sc_N_matched\n/);
    expect(cif).toContain('_cell_angle_gamma 120.00000000');
    expect(cif.split('\n').filter((line) => /^(Al|Sc|N)\d/.test(line)).length).toBe(3);
    expect(cif).toContain('Sc1 Sc 0.0000000000 0.0000000000 0.0050000000 0.1835000000');
    expect(cif).not.toContain('Vac');
  });
});

describe('the colours of elements', () => {
  it('are distinct', () => {
    const own = TABLE.map(({ symbol }) => elementColour(symbol)).filter(
      (colour) => colour !== elementColour('none'),
    );
    expect(own.length).toBeGreaterThan(60);
    expect(new Set(own).size).toBe(own.length);
  });
});

describe('the name of a cell', () => {
  const cell = (a: number, b: number, c: number, alpha: number, beta: number, gamma: number) =>
    cellName({ a, b, c, alpha, beta, gamma, volume: 1 });

  it('tells cells that show their symmetry from primitive ones', () => {
    expect(cell(5.9, 5.9, 5.9, 90, 90, 90)).toBe('conventional cell');
    expect(cell(3.21, 3.21, 5.08, 90, 90, 120)).toBe('conventional cell');
    expect(cell(9.8, 12.6, 10.1, 90, 104.2, 90)).toBe('conventional cell');
    expect(cell(4.2, 4.2, 4.2, 60, 60, 60)).toBe('primitive cell');
    expect(cell(2.5, 2.5, 2.5, 109.47, 109.47, 109.47)).toBe('primitive cell');
    expect(cell(4.1, 4.1, 7, 90, 90, 104)).toBe('primitive cell'); // centred on its base
  });
});
