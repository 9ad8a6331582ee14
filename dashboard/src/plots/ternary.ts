/**
 * Geometry of a ternary plot. A place is three shares that add up to one. The first element is at the lower left, the
 * second at the lower right, the third on top; shares rise counter-clockwise along the edges.
 */

export type Shares = readonly [number, number, number];

export interface Frame {
  /** Left end of the lower edge, pixels. */
  left: number;
  /** Height of the upper corner, pixels from the top. */
  top: number;
  /** Length of an edge, pixels. */
  side: number;
}

export interface Pixel {
  x: number;
  y: number;
}

const HEIGHT = Math.sqrt(3) / 2;

export function frameHeight(side: number): number {
  return side * HEIGHT;
}

/** The largest triangle in a box, with room for labels at its sides. */
export function frameIn(
  width: number,
  height: number,
  margin: { x: number; top: number; bottom: number },
): Frame {
  const side = Math.max(40, Math.min(width - 2 * margin.x, (height - margin.top - margin.bottom) / HEIGHT));
  return { left: (width - side) / 2, top: margin.top, side };
}

export function toPixel(shares: Shares, frame: Frame): Pixel {
  return {
    x: frame.left + frame.side * (shares[1] + shares[2] / 2),
    y: frame.top + frame.side * HEIGHT * (1 - shares[2]),
  };
}

/** The shares of a pixel; outside of the triangle some are negative. */
export function toShares(pixel: Pixel, frame: Frame): Shares {
  const third = 1 - (pixel.y - frame.top) / (frame.side * HEIGHT);
  const second = (pixel.x - frame.left) / frame.side - third / 2;
  return [1 - second - third, second, third];
}

/** The displacement in pixels of a change of shares that adds up to zero. */
export function toVector(change: Shares, frame: Frame): Pixel {
  return {
    x: frame.side * (change[1] + change[2] / 2),
    y: -frame.side * HEIGHT * change[2],
  };
}

export function isInside(shares: Shares, slack = 1e-9): boolean {
  return shares.every((share) => share >= -slack);
}

/** The steepest direction of a gradient within the plane of constant sum: what is left when its mean is taken off. */
export function tangent(gradient: Shares): Shares {
  const mean = (gradient[0] + gradient[1] + gradient[2]) / 3;
  return [gradient[0] - mean, gradient[1] - mean, gradient[2] - mean];
}

export interface Tick {
  share: number;
  /** Ends of the line of constant share: on the edge where it is labelled, and on the other side. */
  from: Shares;
  to: Shares;
  /** Pixels: where the mark outside of the triangle ends, and where its label is centred. */
  mark: Pixel;
  label: Pixel;
}

/** Ticks of the element at `corner` (0, 1, 2), without those of the corners. */
export function ticks(corner: 0 | 1 | 2, step: number, frame: Frame, reach = 5, away = 14): Tick[] {
  const count = Math.round(1 / step);
  return Array.from({ length: count - 1 }, (_, k) => {
    const share = (k + 1) / count;
    const rest = 1 - share;
    const from = rotated([rest, share, 0], corner);
    const to = rotated([0, share, rest], corner);
    const edge = toPixel(from, frame);
    const inner = toPixel(to, frame);
    const length = Math.hypot(edge.x - inner.x, edge.y - inner.y) || 1;
    const out = { x: (edge.x - inner.x) / length, y: (edge.y - inner.y) / length };
    return {
      share,
      from,
      to,
      mark: { x: edge.x + reach * out.x, y: edge.y + reach * out.y },
      label: { x: edge.x + away * out.x, y: edge.y + away * out.y },
    };
  });
}

/** `pattern` is written for the element at corner 1, on the lower edge; turn it so that it belongs to `corner`. */
function rotated(pattern: Shares, corner: 0 | 1 | 2): Shares {
  const shares: [number, number, number] = [0, 0, 0];
  for (let k = 0; k < 3; k += 1) shares[(k + corner + 2) % 3] = pattern[k]!;
  return shares;
}

/** `coefficients . shares <= bound` */
export interface HalfPlane {
  coefficients: Shares;
  bound: number;
}

export const WHOLE: readonly Shares[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** What half-planes leave of a convex polygon (Sutherland and Hodgman 1974); empty if nothing is left. */
export function clip(polygon: readonly Shares[], planes: readonly HalfPlane[]): Shares[] {
  let rest = [...polygon];
  for (const { coefficients, bound } of planes) {
    const excess = (shares: Shares) =>
      coefficients[0] * shares[0] + coefficients[1] * shares[1] + coefficients[2] * shares[2] - bound;
    const kept: Shares[] = [];
    rest.forEach((corner, k) => {
      const next = rest[(k + 1) % rest.length]!;
      const here = excess(corner);
      const there = excess(next);
      if (here <= 1e-12) kept.push(corner);
      if ((here > 1e-12 && there < -1e-12) || (here < -1e-12 && there > 1e-12)) {
        kept.push(mixed(corner, next, here / (here - there)));
      }
    });
    rest = kept;
  }
  return rest;
}

/** The edges of a clipped polygon that are not part of the triangle's own edges. */
export function innerEdges(polygon: readonly Shares[]): [Shares, Shares][] {
  return polygon.flatMap((corner, k): [Shares, Shares][] => {
    const next = polygon[(k + 1) % polygon.length]!;
    const outer = corner.some((share, axis) => Math.abs(share) < 1e-9 && Math.abs(next[axis]!) < 1e-9);
    return outer ? [] : [[corner, next]];
  });
}

export function mixed(from: Shares, to: Shares, part: number): Shares {
  return [0, 1, 2].map((k) => from[k]! + part * (to[k]! - from[k]!)) as unknown as Shares;
}

/** The path of a polygon in SVG's notation. */
export function polygonPath(polygon: readonly Shares[], frame: Frame): string {
  if (polygon.length === 0) return '';
  return `${linePath(polygon, frame)}Z`;
}

export function linePath(line: readonly Shares[], frame: Frame): string {
  return line
    .map((shares, k) => {
      const { x, y } = toPixel(shares, frame);
      return `${k === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`;
    })
    .join('');
}
