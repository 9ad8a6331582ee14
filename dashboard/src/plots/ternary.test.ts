import { describe, expect, it } from 'vitest';
import {
  clip,
  frameIn,
  innerEdges,
  tangent,
  ticks,
  toPixel,
  toShares,
  toVector,
  WHOLE,
  type Shares,
} from './ternary';

const frame = { left: 40, top: 30, side: 300 };

/** A deterministic spread of places inside the triangle. */
const places: Shares[] = Array.from({ length: 200 }, (_, k) => {
  const u = (k * 0.754877666) % 1;
  const v = (k * 0.569840296) % 1;
  return u + v <= 1 ? [1 - u - v, u, v] : [u + v - 1, 1 - u, 1 - v];
});

function area(polygon: readonly Shares[]): number {
  const corners = polygon.map((shares) => toPixel(shares, frame));
  const twice = corners.reduce((sum, corner, k) => {
    const next = corners[(k + 1) % corners.length]!;
    return sum + corner.x * next.y - next.x * corner.y;
  }, 0);
  return Math.abs(twice) / 2;
}

const whole = area(WHOLE);

describe('the ternary plot', () => {
  it('has its corners at the lower left, the lower right and the top of an equilateral triangle', () => {
    const [a, b, c] = WHOLE.map((shares) => toPixel(shares, frame)) as [
      { x: number; y: number },
      { x: number; y: number },
      { x: number; y: number },
    ];
    expect(a).toEqual({ x: 40, y: 30 + 150 * Math.sqrt(3) });
    expect(b.x).toBeCloseTo(340, 10);
    expect(c.x).toBeCloseTo(190, 10);
    expect(c.y).toBeCloseTo(30, 10);
    for (const [p, q] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const) {
      expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeCloseTo(300, 10);
    }
  });

  it('finds the shares of a pixel again that it drew', () => {
    for (const shares of places) {
      const again = toShares(toPixel(shares, frame), frame);
      again.forEach((share, k) => expect(share).toBeCloseTo(shares[k]!, 12));
    }
    const outside = toShares({ x: 0, y: 500 }, frame);
    expect(outside[0] + outside[1] + outside[2]).toBeCloseTo(1, 12);
    expect(Math.min(...outside)).toBeLessThan(0);
  });

  it('fits into its box with room for labels', () => {
    for (const [width, height] of [
      [400, 400],
      [900, 300],
      [300, 900],
    ] as const) {
      const found = frameIn(width, height, { x: 30, top: 25, bottom: 35 });
      const corners = WHOLE.map((shares) => toPixel(shares, found));
      expect(Math.min(...corners.map(({ x }) => x))).toBeGreaterThanOrEqual(30 - 1e-9);
      expect(Math.max(...corners.map(({ x }) => x))).toBeLessThanOrEqual(width - 30 + 1e-9);
      expect(Math.min(...corners.map(({ y }) => y))).toBeCloseTo(25, 9);
      expect(Math.max(...corners.map(({ y }) => y))).toBeLessThanOrEqual(height - 35 + 1e-9);
    }
  });

  it('draws a change of shares as the difference of two places', () => {
    const from = toPixel([0.5, 0.3, 0.2], frame);
    const to = toPixel([0.4, 0.25, 0.35], frame);
    const vector = toVector([-0.1, -0.05, 0.15], frame);
    expect(vector.x).toBeCloseTo(to.x - from.x, 10);
    expect(vector.y).toBeCloseTo(to.y - from.y, 10);
  });

  it('takes the part of a gradient that keeps the sum, which is the steepest direction on the paper', () => {
    const gradient: Shares = [3, -1, 0.5];
    const steepest = tangent(gradient);
    expect(steepest[0] + steepest[1] + steepest[2]).toBeCloseTo(0, 12);
    const along = toVector(steepest, frame);
    // Of all directions on paper, none gains more for its length.
    const best = gradient.reduce((sum, g, k) => sum + g * steepest[k]!, 0) / Math.hypot(along.x, along.y);
    for (let angle = 0; angle < 2 * Math.PI; angle += 0.05) {
      const unit = toShares({ x: 190 + Math.cos(angle), y: 200 + Math.sin(angle) }, frame);
      const origin = toShares({ x: 190, y: 200 }, frame);
      const gain = gradient.reduce((sum, g, k) => sum + g * (unit[k]! - origin[k]!), 0);
      expect(gain).toBeLessThanOrEqual(best + 1e-12);
    }
  });

  it('puts the ticks of each element on its own edge, at their share, with labels outside', () => {
    for (const corner of [0, 1, 2] as const) {
      const found = ticks(corner, 0.2, frame);
      expect(found.map(({ share }) => share)).toEqual([0.2, 0.4, 0.6, 0.8]);
      for (const tick of found) {
        expect(tick.from[corner]).toBeCloseTo(tick.share, 12);
        expect(tick.to[corner]).toBeCloseTo(tick.share, 12);
        // On the lower edge the second element is counted, on the right the third, on the left the first.
        expect(tick.from[(corner + 1) % 3]).toBeCloseTo(0, 12);
        expect(Math.min(...toShares(tick.label, frame))).toBeLessThan(0);
        expect(toShares(tick.label, frame)[corner]).toBeCloseTo(tick.share, 10);
      }
    }
    const lower = ticks(1, 0.5, frame)[0]!;
    expect(toPixel(lower.from, frame).y).toBeCloseTo(30 + 150 * Math.sqrt(3), 10);
  });

  it('clips the region of an upper bound to the trapezium that it is', () => {
    // Above a share of 1/2 lies a small triangle of a quarter of the area.
    const rest = clip(WHOLE, [{ coefficients: [0, 0, 1], bound: 0.5 }]);
    expect(rest).toHaveLength(4);
    const inner = innerEdges(rest);
    expect(inner).toHaveLength(1);
    for (const end of inner[0]!) expect(end[2]).toBeCloseTo(0.5, 12);
    expect(innerEdges(WHOLE)).toEqual([]);
    expect(area(rest) / whole).toBeCloseTo(0.75, 12);
    const lower = clip(WHOLE, [{ coefficients: [0, -1, 0], bound: -0.8 }]);
    expect(area(lower) / whole).toBeCloseTo(0.04, 12);
  });

  it('clips by several bounds at once as counting places does, and leaves nothing where they exclude each other', () => {
    const planes = [
      { coefficients: [1, 0, 0] as Shares, bound: 0.6 },
      { coefficients: [1, -1, 0] as Shares, bound: 0.1 },
      { coefficients: [0, 0, -1] as Shares, bound: -0.1 },
    ];
    const rest = clip(WHOLE, planes);
    const steps = 300;
    let inside = 0;
    let all = 0;
    for (let i = 0; i < steps; i += 1) {
      for (let j = 0; i + j < steps; j += 1) {
        const shares: Shares = [(i + 1 / 3) / steps, (j + 1 / 3) / steps, 1 - (i + j + 2 / 3) / steps];
        all += 1;
        if (planes.every((p) => p.coefficients.reduce((s, c, k) => s + c * shares[k]!, 0) <= p.bound))
          inside += 1;
      }
    }
    expect(area(rest) / whole).toBeCloseTo(inside / all, 2);
    expect(clip(WHOLE, [...planes, { coefficients: [0, 0, 1], bound: 0.05 }])).toEqual([]);
  });
});
