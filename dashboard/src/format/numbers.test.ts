import { describe, expect, it } from 'vitest';
import { count, decimalsFor, fixed, fraction, percent, significant, signed, withUnit } from './numbers';

describe('numbers', () => {
  it('show two digits below the leading one of the tolerance', () => {
    expect(fixed(3.214438, decimalsFor(3.214438, 0.001))).toBe('3.21444');
    expect(fixed(3.214438, decimalsFor(3.214438, 0.02))).toBe('3.2144');
    expect(fixed(154.26, decimalsFor(154.26, 5))).toBe('154.26');
    expect(fixed(154.26, decimalsFor(154.26, 50))).toBe('154.3');
  });

  it('show five significant digits where there is no tolerance', () => {
    expect(fixed(3.2144381, decimalsFor(3.2144381, null))).toBe('3.2144');
    expect(fixed(120, decimalsFor(120, null))).toBe('120.00');
    expect(fixed(0.00123456, decimalsFor(0.00123456, null))).toBe('0.0012346');
  });

  it('have a true minus sign and no negative zero', () => {
    expect(fixed(-0.25, 2)).toBe('\u22120.25');
    expect(fixed(-0.0001, 2)).toBe('0.00');
    expect(signed(0.00467)).toBe('+0.00467');
    expect(signed(-4.4e-5)).toBe('\u22120.0000440');
  });

  it('are written with powers of ten where they are very small or large', () => {
    expect(significant(1.234e-7)).toBe('1.23×10⁻⁷');
    expect(significant(4.2e9)).toBe('4.20×10⁹');
    expect(significant(0)).toBe('0');
    expect(significant(999.6)).toBe('1000');
  });

  it('carry their unit as people write it', () => {
    expect(withUnit('11.37', 'Å³/atom')).toBe('11.37\u202FÅ³/atom');
    expect(withUnit('90.0', '°')).toBe('90.0°');
    expect(withUnit('1.58', '')).toBe('1.58');
  });

  it('that are fractions lose their trailing zeros', () => {
    expect(fraction(0.25)).toBe('0.25');
    expect(fraction(1)).toBe('1');
    expect(fraction(0.81649)).toBe('0.8165');
    expect(percent(0.1835)).toBe('18.4\u202F%');
    expect(count(1234567)).toBe('1\u202F234\u202F567');
  });
});
