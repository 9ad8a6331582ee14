/** What an expected value means: for a wish, for a bound, and for one per cent more of an element. */

import type { ExpectedProperty, Problem } from '../api/types';
import type { Wish } from '../job/objectives';

type PropertyBound = NonNullable<NonNullable<Problem['constraints']>['properties']>[number];

export interface Verdict {
  text: string;
  tone: 'good' | 'warn' | 'bad';
}

/** Deviations to each side that are held possible. */
const HELD = 2;

/**
 * Whether a value that is expected meets a target within its tolerance, or a bound: surely, perhaps, or not at all by what two
 * deviations to each side hold. Null where nothing is wished for.
 */
export function verdict(
  { property, mean, deviation }: Pick<ExpectedProperty, 'property' | 'mean' | 'deviation'>,
  wish: Wish | null,
  bounds: readonly PropertyBound[],
): Verdict | null {
  const bound = bounds.find((one) => one.property === property);
  let [low, high] = [bound?.min ?? -Infinity, bound?.max ?? Infinity];
  if (wish?.target != null && wish.tolerance != null) {
    [low, high] = [Math.max(low, wish.target - wish.tolerance), Math.min(high, wish.target + wish.tolerance)];
  } else if (!bound) return null;
  const [least, most] = [mean - HELD * deviation, mean + HELD * deviation];
  const what = wish?.target != null ? 'the tolerance' : 'the bounds';
  if (least >= low && most <= high) return { text: `within ${what}`, tone: 'good' };
  if (most < low || least > high) return { text: `not within ${what}`, tone: 'bad' };
  return { text: `perhaps within ${what}`, tone: 'warn' };
}

/** Whether nothing is left open but rounding: an angle that symmetry fixes, a price. */
export function isCertain({ mean, deviation }: Pick<ExpectedProperty, 'mean' | 'deviation'>): boolean {
  return deviation <= 1e-9 * Math.max(1, Math.abs(mean));
}

/** Changes per percent that are smaller than this are noise of the computation. */
const NOISE = 1e-11;

/**
 * What one per cent more of each element does: `Sc for Al: +0.0047 Å` where two exchange, else `Sc +0.003 Å` with the others
 * giving way in proportion.
 */
export function slopesOf(
  { per_percent: changes }: Pick<ExpectedProperty, 'per_percent'>,
  text: (change: number) => string,
): string[] {
  const several = Object.keys(changes).length > 1;
  return Object.entries(changes).flatMap(([sublattice, elements]) => {
    const names = Object.keys(elements);
    const prefix = several ? `${sublattice}:` : '';
    if (names.length === 2) {
      const [from, to] = names as [string, string];
      return Math.abs(elements[to]!) > NOISE ? [`${prefix}${to} for ${from}: ${text(elements[to]!)}`] : [];
    }
    return names
      .filter((name) => Math.abs(elements[name]!) > NOISE)
      .map((name) => `${prefix}${name} ${text(elements[name]!)}`);
  });
}
