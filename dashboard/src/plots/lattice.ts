/** Values on the points of a simplex lattice: interpolation between them, and lines along which they are constant. */

import type { Shares } from './ternary';

/** Values at the shares (i, j, steps - i - j) / steps. */
export interface Lattice {
  steps: number;
  /** Of length (steps + 1)^2, at place i (steps + 1) + j; NaN beyond the triangle and where nothing is known. */
  values: Float64Array;
}

/** Put points of a lattice, in any order, where they belong. The number of steps follows from how many there are. */
export function latticeOf(shares: readonly Shares[], values: readonly number[]): Lattice | null {
  const steps = Math.round((Math.sqrt(8 * shares.length + 1) - 3) / 2);
  if (steps < 1 || ((steps + 1) * (steps + 2)) / 2 !== shares.length) return null;
  const placed = new Float64Array((steps + 1) ** 2).fill(Number.NaN);
  for (let k = 0; k < shares.length; k += 1) {
    const i = Math.round(shares[k]![0] * steps);
    const j = Math.round(shares[k]![1] * steps);
    if (i < 0 || j < 0 || i + j > steps) return null;
    placed[i * (steps + 1) + j] = values[k]!;
  }
  return { steps, values: placed };
}

/** The value at any shares, linear within each small triangle; NaN outside. */
export function interpolated(lattice: Lattice, shares: Shares): number {
  const { steps, values } = lattice;
  const u = shares[0] * steps;
  const v = shares[1] * steps;
  const slack = 1e-9 * steps;
  if (u < -slack || v < -slack || u + v > steps + slack) return Number.NaN;
  const i = Math.min(steps - 1, Math.max(0, Math.floor(u)));
  const j = Math.min(steps - 1 - i, Math.max(0, Math.floor(v)));
  const fu = u - i;
  const fv = v - j;
  const row = steps + 1;
  const atI = values[(i + 1) * row + j]!;
  const atJ = values[i * row + j + 1]!;
  if (fu + fv <= 1 + 1e-12 || i + j + 2 > steps) {
    return (1 - fu - fv) * values[i * row + j]! + fu * atI + fv * atJ;
  }
  return (fu + fv - 1) * values[(i + 1) * row + j + 1]! + (1 - fv) * atI + (1 - fu) * atJ;
}

/** Where the values equal `level`: polylines of shares, by marching triangles; closed ones end where they began. */
export function contour(lattice: Lattice, level: number): Shares[][] {
  const { steps, values } = lattice;
  const row = steps + 1;
  const crossings = new Map<string, Shares>();
  const neighbours = new Map<string, string[]>();

  function crossing(a: readonly [number, number], b: readonly [number, number]): string | null {
    const from = values[a[0] * row + a[1]]! - level;
    const to = values[b[0] * row + b[1]]! - level;
    // A value that equals the level counts as above it, so that no line passes through a point itself.
    if (Number.isNaN(from) || Number.isNaN(to) || from >= 0 === to >= 0) return null;
    const part = from / (from - to);
    const key = `${a[0]},${a[1]},${b[0]},${b[1]}`;
    const i = (a[0] + part * (b[0] - a[0])) / steps;
    const j = (a[1] + part * (b[1] - a[1])) / steps;
    crossings.set(key, [i, j, 1 - i - j]);
    return key;
  }

  function triangle(a: [number, number], b: [number, number], c: [number, number]): void {
    // Every edge is asked for in the same order of its ends, whichever of its two triangles asks.
    const keys = [crossing(...sorted(a, b)), crossing(...sorted(b, c)), crossing(...sorted(a, c))].filter(
      (key): key is string => key !== null,
    );
    if (keys.length !== 2) return;
    const [first, second] = keys as [string, string];
    neighbours.set(first, [...(neighbours.get(first) ?? []), second]);
    neighbours.set(second, [...(neighbours.get(second) ?? []), first]);
  }

  for (let i = 0; i < steps; i += 1) {
    for (let j = 0; i + j < steps; j += 1) {
      triangle([i, j], [i + 1, j], [i, j + 1]);
      if (i + j + 2 <= steps) triangle([i + 1, j + 1], [i + 1, j], [i, j + 1]);
    }
  }
  return chained(crossings, neighbours);
}

function sorted(a: [number, number], b: [number, number]): [[number, number], [number, number]] {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]) ? [a, b] : [b, a];
}

/** Join segments into lines: open ones from an end, then the closed ones. */
function chained(crossings: Map<string, Shares>, neighbours: Map<string, string[]>): Shares[][] {
  const used = new Set<string>();
  const lines: Shares[][] = [];
  const walk = (start: string) => {
    const keys = [start];
    used.add(start);
    for (;;) {
      const next = neighbours.get(keys.at(-1)!)!.find((key) => !used.has(key));
      if (next === undefined) break;
      used.add(next);
      keys.push(next);
    }
    if (keys.length > 2 && neighbours.get(keys.at(-1)!)!.includes(start)) keys.push(start);
    lines.push(keys.map((key) => crossings.get(key)!));
  };
  for (const [key, others] of neighbours) if (others.length === 1 && !used.has(key)) walk(key);
  for (const key of neighbours.keys()) if (!used.has(key)) walk(key);
  return lines;
}
