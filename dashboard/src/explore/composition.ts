/** Moving a composition by hand: fractions in steps, within bounds, and always with the same sum. */

import type { Composition, Problem } from '../api/types';
import { boundsOf, mixedSublattices, type Slice } from '../job/slice';

/** Fractions are moved in steps of one over so many: a place that is come back to has been asked for already. */
export const STEPS = 1000;

export interface Bounds {
  low: number;
  high: number;
}

/** Bounds of the elements of a sublattice, in the order of the problem. */
export function elementBounds(problem: Problem, sublattice: string): Record<string, Bounds> {
  const found = mixedSublattices(problem).find(({ name }) => name === sublattice);
  return Object.fromEntries(
    Object.entries(found ? boundsOf(found.elements) : {}).map(([element, [low, high]]) => [
      element,
      { low, high },
    ]),
  );
}

/**
 * The nearest values within bounds that have a sum (Euclidean): all are lowered by the same amount, and those that
 * would leave their bounds stay there.
 */
export function nearestWithin(wanted: readonly number[], bounds: readonly Bounds[], sum: number): number[] {
  const shifted = (by: number) =>
    wanted.map((value, k) => Math.min(bounds[k]!.high, Math.max(bounds[k]!.low, value - by)));
  const total = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  let [least, most] = [-2 - Math.max(...wanted.map(Math.abs)), 2 + Math.max(...wanted.map(Math.abs))];
  for (let k = 0; k < 80; k += 1) {
    const middle = (least + most) / 2;
    if (total(shifted(middle)) > sum) least = middle;
    else most = middle;
  }
  return shifted((least + most) / 2);
}

/** Fractions in whole steps that have the sum of those given, which is whole: the largest remainders go up. */
export function inSteps(values: readonly number[], steps = STEPS): number[] {
  const scaled = values.map((value) => value * steps);
  const whole = scaled.map((value) => Math.floor(value + 1e-9));
  const missing =
    Math.round(scaled.reduce((all, value) => all + value, 0)) - whole.reduce((a, b) => a + b, 0);
  const order = scaled.map((value, k) => ({ k, rest: value - whole[k]! })).sort((a, b) => b.rest - a.rest);
  for (let n = 0; n < missing; n += 1) whole[order[n % order.length]!.k]! += 1;
  return whole.map((value) => value / steps);
}

/**
 * A composition in which an element of a sublattice has another fraction; the others give way in proportion, in equal
 * parts where none of them is there, and none leaves its bounds.
 */
export function withFraction(
  composition: Composition,
  sublattice: string,
  element: string,
  value: number,
  bounds: Record<string, Bounds>,
): Composition {
  const before = composition[sublattice] ?? {};
  const names = Object.keys(before);
  const others = names.filter((name) => name !== element);
  const limits = (name: string) => bounds[name] ?? { low: before[name]!, high: before[name]! };
  const least = Math.max(limits(element).low, 1 - others.reduce((all, name) => all + limits(name).high, 0));
  const most = Math.min(limits(element).high, 1 - others.reduce((all, name) => all + limits(name).low, 0));
  const fixed = Math.min(most, Math.max(least, value));
  const had = others.reduce((all, name) => all + before[name]!, 0);
  const wanted = others.map((name) =>
    had > 1e-12 ? (before[name]! / had) * (1 - fixed) : (1 - fixed) / others.length,
  );
  const given = nearestWithin(wanted, others.map(limits), 1 - fixed);
  const values = new Map([[element, fixed], ...others.map((name, k) => [name, given[k]!] as const)]);
  return stepped(
    { ...composition, [sublattice]: Object.fromEntries(names.map((name) => [name, values.get(name)!])) },
    [sublattice],
  );
}

/** The composition at a place of a slice: the nearest that its bounds allow, the rest as in `through`. */
export function atShares(
  through: Composition,
  slice: Slice,
  shares: readonly number[],
  bounds: Record<string, Bounds>,
): Composition {
  const before = through[slice.sublattice] ?? {};
  const total = slice.elements.reduce((all, element) => all + (before[element] ?? 0), 0);
  const given = nearestWithin(
    shares.map((share) => share * total),
    slice.elements.map((element) => bounds[element] ?? { low: 0, high: 1 }),
    total,
  );
  const values = new Map(slice.elements.map((element, k) => [element, given[k]!]));
  const after = Object.fromEntries(
    Object.entries(before).map(([element, value]) => [element, values.get(element) ?? value]),
  );
  return stepped({ ...through, [slice.sublattice]: after }, [slice.sublattice]);
}

/** A composition whose fractions on the sublattices named are whole steps. */
export function stepped(composition: Composition, sublattices = Object.keys(composition)): Composition {
  return Object.fromEntries(
    Object.entries(composition).map(([name, fractions]) => {
      if (!sublattices.includes(name)) return [name, fractions];
      const values = inSteps(Object.values(fractions));
      return [name, Object.fromEntries(Object.keys(fractions).map((element, k) => [element, values[k]!]))];
    }),
  );
}

/**
 * How far apart two compositions are: the share of the sites of a sublattice that hold another element, half of the sum
 * of all differences; of several sublattices the largest.
 */
export function exchanged(a: Composition, b: Composition): number {
  const shares = Object.entries(a).map(([sublattice, fractions]) => {
    const elements = new Set([...Object.keys(fractions), ...Object.keys(b[sublattice] ?? {})]);
    const off = [...elements].map((one) => Math.abs((fractions[one] ?? 0) - (b[sublattice]?.[one] ?? 0)));
    return off.reduce((all, value) => all + value, 0) / 2;
  });
  return Math.max(0, ...shares);
}

/** The nearest of several places, and how far it is; null where there is none. */
export function nearestTo<T extends { evaluation: { composition: Composition } }>(
  points: readonly T[],
  at: Composition,
): { point: T; distance: number } | null {
  let best: { point: T; distance: number } | null = null;
  for (const point of points) {
    const distance = exchanged(point.evaluation.composition, at);
    if (best === null || distance < best.distance) best = { point, distance };
  }
  return best;
}

/** As the API reads it: `cation:Al=0.8,Sc=0.2;anion:N=1`. */
export function atText(composition: Composition): string {
  return Object.entries(composition)
    .map(
      ([name, fractions]) =>
        `${name}:${Object.entries(fractions)
          .map(([element, value]) => `${element}=${value}`)
          .join(',')}`,
    )
    .join(';');
}

/** What `atText` wrote, of the sublattices and elements of another composition; null where it is none of these. */
export function parseAt(text: string, like: Composition): Composition | null {
  const found: Composition = {};
  for (const part of text.split(';')) {
    const [name = '', rest = ''] = part.split(':', 2);
    const pairs = rest.split(',').map((pair) => pair.split('=', 2));
    if (like[name] === undefined || pairs.some(([element]) => like[name]![element!] === undefined))
      return null;
    found[name] = {};
    for (const element of Object.keys(like[name])) {
      const value = Number(pairs.find(([one]) => one === element)?.[1] ?? 0);
      if (!(value >= 0 && value <= 1)) return null;
      found[name][element] = value;
    }
  }
  const whole = Object.keys(like).every((name) => {
    const sum = Object.values(found[name] ?? {}).reduce((all, value) => all + value, 0);
    return Math.abs(sum - 1) < 1e-6;
  });
  return whole ? Object.fromEntries(Object.keys(like).map((name) => [name, found[name]!])) : null;
}
