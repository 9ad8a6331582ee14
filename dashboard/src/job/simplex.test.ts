import { describe, expect, it } from 'vitest';
import { most } from './simplex';

describe('linear programs', () => {
  it('finds the best corner, also where the origin is not allowed', () => {
    // max 3x + 2y, x + y <= 4, x + 3y <= 6, x <= 3: at (3, 1).
    const rows = [
      [1, 1],
      [1, 3],
      [1, 0],
    ];
    expect(most([3, 2], rows, [4, 6, 3])).toBeCloseTo(11);
    // The same with x + y >= 1, least x + 2y: 1 at (1, 0).
    expect(most([-1, -2], [...rows, [-1, -1]], [4, 6, 3, -1])).toBeCloseTo(-1);
  });

  it('says where nothing is allowed, and where nothing ends it', () => {
    expect(most([1], [[1], [-1]], [1, -2])).toBeNull();
    expect(most([1], [[-1]], [-2])).toBe(Infinity);
  });

  it('is at corners that brute force finds on simplices with random constraints', () => {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let trial = 0; trial < 40; trial += 1) {
      const [a, b] = [0, 1].map(() => [random(), random(), random()]) as [number[], number[]];
      const [below, above] = [0.3 + 0.5 * random(), 0.1 + 0.2 * random()];
      const rows = [[1, 1, 1], [-1, -1, -1], a, b.map((value) => -value)];
      const found = most([1, 0, 0], rows, [1, -1, below, -above]);
      let best = -1;
      for (let i = 0; i <= 200; i += 1)
        for (let j = 0; j <= 200 - i; j += 1) {
          const x = [i / 200, j / 200, (200 - i - j) / 200];
          const of = (row: number[]) => row.reduce((all, value, k) => all + value * x[k]!, 0);
          if (of(a) <= below && of(b) >= above) best = Math.max(best, x[0]!);
        }
      if (best >= 0) expect(Math.abs(found! - best)).toBeLessThan(0.04);
    }
  });
});
