import { describe, expect, it } from 'vitest';
import { madeProperties } from '../job/made';
import { unitOf, Units } from './units';

describe('units', () => {
  const units = new Units(madeProperties());

  it('are shown as the catalogue says, whatever property has them', () => {
    expect(units.symbol('Å^3/atom')).toBe('Å³/atom');
    expect(units.symbol('degree')).toBe('°');
    expect(units.symbol('1')).toBe('');
  });

  it('are shown as the API spells them where the catalogue does not know them', () => {
    expect(units.symbol('mol/kg')).toBe('mol/kg');
    expect(new Units().symbol('Å^3/atom')).toBe('Å^3/atom');
    expect(new Units().symbol('1')).toBe('');
  });

  it('give a value the digits of its tolerance, else those of its unit, else five that matter', () => {
    expect(units.decimals('Å', 3.2144, 0.001)).toBe(5);
    expect(units.decimals('Å', 3.2144)).toBe(4);
    expect(units.decimals('eV/atom', 0.0123)).toBe(5);
    expect(new Units().decimals('eV/atom', 0.0123)).toBe(6);
  });

  it('are found for a property that stands for one of each element', () => {
    const any = {
      ...madeProperties().find(({ name }) => name === 'c_over_a')!,
      name: 'mass_fraction:ELEMENT',
    };
    expect(unitOf([...madeProperties(), any], 'mass_fraction:Na')).toBe('1');
    expect(unitOf(madeProperties(), 'density')).toBe('g/cm^3');
  });

  it('are mended in sentences where they follow a number, and nowhere else', () => {
    expect(units.pretty('volume is within 0.02 Å^3/atom of 11.2 Å^3/atom')).toBe(
      'volume is within 0.02\u202FÅ³/atom of 11.2\u202FÅ³/atom',
    );
    expect(units.pretty('gamma is 120 degree in 3 degrees of freedom, a 3.2 Å')).toBe(
      'gamma is 120° in 3 degrees of freedom, a 3.2 Å',
    );
  });
});
