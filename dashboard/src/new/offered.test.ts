import { describe, expect, it } from 'vitest';
import type { PropertyInfo, SiteOfProblem } from '../api/types';
import { madeProperties } from '../job/made';
import { heldElements, offered } from './offered';

const PROBLEM = {
  sublattices: [
    { name: 'cation', sites: ['Na'], elements: ['Na', 'K'] },
    { name: 'anion', sites: ['Cl'], elements: { Cl: [0.5, 1], Vac: [0, 0.5] } },
  ],
};
const site = (element: string, index: number): SiteOfProblem => ({
  index,
  element,
  sublattice: null,
  frac: [0, 0, 0],
});

describe('what is offered', () => {
  it('names the elements of the sublattices and of the other sites, and no vacancy', () => {
    expect(heldElements(PROBLEM, [site('Na', 0), site('Cl', 1), site('O', 2)])).toEqual([
      'Na',
      'K',
      'Cl',
      'O',
    ]);
    expect(heldElements({}, [])).toEqual([]);
  });

  it('offers a mass fraction for each element in place of one for any', () => {
    const [density, plain] = ['density', 'c_over_a'].map((name) => {
      return madeProperties().find((one) => one.name === name)!;
    }) as [PropertyInfo, PropertyInfo];
    const any = { ...plain, name: 'mass_fraction:ELEMENT' };
    expect(offered([density, any], ['Na', 'K']).map(({ name }) => name)).toEqual([
      'density',
      'mass_fraction:Na',
      'mass_fraction:K',
    ]);
  });
});
