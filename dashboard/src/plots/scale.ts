/** Linear scales and their ticks. */

import { ticks as d3Ticks, tickStep } from 'd3-array';

export type Domain = readonly [number, number];

export interface Scale {
  (value: number): number;
  domain: Domain;
  inverse: (pixel: number) => number;
}

export function linear(domain: Domain, range: readonly [number, number]): Scale {
  const [d0, d1] = domain;
  const [r0, r1] = range;
  const factor = d1 === d0 ? 0 : (r1 - r0) / (d1 - d0);
  const scale = (value: number) => (d1 === d0 ? (r0 + r1) / 2 : r0 + factor * (value - d0));
  return Object.assign(scale, {
    domain,
    inverse: (pixel: number) => (factor === 0 ? d0 : d0 + (pixel - r0) / factor),
  });
}

/** Smallest interval that holds every finite value; null if there is none. */
export function extentOf(values: Iterable<number | null | undefined>): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value == null || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/** Wider by a part of itself at both ends; a single value gets some room too. */
export function padded(domain: Domain, part = 0.06): [number, number] {
  const [low, high] = domain;
  const room = high > low ? part * (high - low) : Math.max(1e-3 * Math.abs(low), 1e-6);
  return [low - room, high + room];
}

export interface AxisTick {
  value: number;
  text: string;
}

/** About `count` round values of a domain, with just the decimals that tell them apart. */
export function axisTicks(domain: Domain, count: number): AxisTick[] {
  const [low, high] = domain;
  if (!(high > low)) return [{ value: low, text: String(low) }];
  const step = tickStep(low, high, count);
  const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const size = Math.max(Math.abs(low), Math.abs(high));
  const powers = size >= 1e6 || size < 1e-4;
  return d3Ticks(low, high, count).map((value) => ({
    value,
    text: (powers ? value.toExponential(1) : value.toFixed(decimals)).replace('-', '\u2212'),
  }));
}

/** Whole numbers only: for counts. */
export function countTicks(domain: Domain, count: number): AxisTick[] {
  const whole = axisTicks(domain, count).filter(({ value }) => Number.isInteger(value));
  return whole.map(({ value }) => ({ value, text: String(value) }));
}
