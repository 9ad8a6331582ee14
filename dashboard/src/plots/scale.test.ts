import { describe, expect, it } from 'vitest';
import { coverage } from './field';
import { nearest } from './marks';
import { axisTicks, countTicks, extentOf, linear, padded } from './scale';

describe('scales', () => {
  it('lead from values to pixels and back, also upside down', () => {
    const y = linear([3.1, 3.4], [200, 20]);
    expect(y(3.1)).toBe(200);
    expect(y(3.4)).toBeCloseTo(20, 10);
    expect(y.inverse(y(3.2345))).toBeCloseTo(3.2345, 12);
    expect(linear([2, 2], [0, 100])(2)).toBe(50);
  });

  it('have round ticks with the decimals that tell them apart', () => {
    expect(axisTicks([3.2144, 3.2454], 4).map(({ text }) => text)).toEqual(['3.22', '3.23', '3.24']);
    expect(axisTicks([-0.02, 0.02], 4).map(({ text }) => text)).toEqual([
      '\u22120.02',
      '\u22120.01',
      '0.00',
      '0.01',
      '0.02',
    ]);
    expect(countTicks([0.5, 3.5], 8).map(({ text }) => text)).toEqual(['1', '2', '3']);
  });

  it('span what is finite, with room at the ends', () => {
    expect(extentOf([null, 2, Number.NaN, -1, undefined])).toEqual([-1, 2]);
    expect(extentOf([null])).toBeNull();
    const [low, high] = padded([1, 1]);
    expect(low).toBeLessThan(1);
    expect(high).toBeGreaterThan(1);
  });
});

describe('marks', () => {
  it('are found nearest to the pointer within reach, the topmost of equals', () => {
    const places = [{ x: 0, y: 0 }, null, { x: 10, y: 0 }, { x: 10, y: 0 }];
    expect(nearest(places, { x: 9, y: 1 })).toBe(3);
    expect(nearest(places, { x: 2, y: 1 })).toBe(0);
    expect(nearest(places, { x: 100, y: 100 })).toBeNull();
  });
});

describe('hatching', () => {
  it('is absent where the surrogate is sure and grows with its doubt', () => {
    expect(coverage(0)).toBe(0);
    expect(coverage(0.005)).toBe(0);
    expect(coverage(0.02)).toBeGreaterThan(0);
    expect(coverage(0.3)).toBeGreaterThan(coverage(0.1));
    expect(coverage(100)).toBeLessThanOrEqual(0.75);
  });
});
