import { describe, expect, it } from 'vitest';
import { sparkline } from './sparkline';

describe('a sparkline', () => {
  it('spans its box from the first value to the last', () => {
    expect(sparkline([4, 3, 2], 40, 10)).toBe('0.0,0.0 20.0,5.0 40.0,10.0');
    expect(sparkline([1, 1], 40, 10)).toBe('0.0,5.0 40.0,5.0');
  });

  it('takes powers of ten where losses span several of them', () => {
    expect(sparkline([1e4, 1e2, 1], 40, 10)).toBe('0.0,0.0 20.0,5.0 40.0,10.0');
  });

  it('is empty before there is anything to see', () => {
    expect(sparkline([3], 40, 10)).toBe('');
    expect(sparkline([Number.NaN, 2], 40, 10)).toBe('');
  });
});
