import { describe, expect, it } from 'vitest';
import { contour, interpolated, latticeOf, type Lattice } from './lattice';
import type { Shares } from './ternary';

function points(steps: number): Shares[] {
  const found: Shares[] = [];
  for (let i = steps; i >= 0; i -= 1) {
    for (let j = steps - i; j >= 0; j -= 1) found.push([i / steps, j / steps, (steps - i - j) / steps]);
  }
  return found;
}

function sampled(steps: number, of: (shares: Shares) => number): Lattice {
  return latticeOf(points(steps), points(steps).map(of))!;
}

const linear = (s: Shares) => 2 * s[0] - 3 * s[1] + 0.5 * s[2];

describe('values on a simplex lattice', () => {
  it('find their places in whatever order they come', () => {
    const ordered = points(5);
    const shuffled = ordered.map((_, k) => ordered[(k * 8) % 21]!);
    expect(latticeOf(shuffled, shuffled.map(linear))).toEqual(sampled(5, linear));
  });

  it('are refused if they are no whole lattice', () => {
    expect(latticeOf(points(4).slice(1), [])).toBeNull();
  });

  it('are interpolated exactly where they are linear, also at corners and edges', () => {
    const lattice = sampled(7, linear);
    for (const shares of [...points(7), ...points(23), ...points(40)]) {
      expect(interpolated(lattice, shares)).toBeCloseTo(linear(shares), 10);
    }
    expect(interpolated(lattice, [-0.1, 0.6, 0.5])).toBeNaN();
    expect(interpolated(lattice, [0.6, 0.5, -0.1])).toBeNaN();
  });

  it('have straight contours where they are linear, from edge to edge', () => {
    const lines = contour(sampled(9, linear), 0.3);
    expect(lines).toHaveLength(1);
    for (const shares of lines[0]!) expect(linear(shares)).toBeCloseTo(0.3, 10);
    for (const end of [lines[0]![0]!, lines[0]!.at(-1)!]) expect(Math.min(...end)).toBeCloseTo(0, 10);
  });

  it('have closed contours around a peak', () => {
    const peak = (s: Shares) => -((s[0] - 1 / 3) ** 2 + (s[1] - 1 / 3) ** 2 + (s[2] - 1 / 3) ** 2);
    const lines = contour(sampled(40, peak), -0.02);
    expect(lines).toHaveLength(1);
    expect(lines[0]![0]).toEqual(lines[0]!.at(-1));
    for (const shares of lines[0]!) expect(peak(shares)).toBeCloseTo(-0.02, 3);
  });

  it('have two lines at a saddle and none beyond their range', () => {
    const saddle = (s: Shares) => (s[0] - 0.4) * (s[1] - 0.3);
    expect(contour(sampled(30, saddle), 0.005).length).toBe(2);
    expect(contour(sampled(30, saddle), 5)).toEqual([]);
  });

  it('have contours that pass through lattice points without breaking', () => {
    const lines = contour(
      sampled(10, (s) => s[2]),
      0.5,
    );
    expect(lines).toHaveLength(1);
    for (const shares of lines[0]!) expect(shares[2]).toBeCloseTo(0.5, 10);
  });
});
