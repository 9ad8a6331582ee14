/** How sure a composition is, as it is drawn: what its error bars are made of, and what the targets leave open. */

import type { Result } from '../api/types';

export type Share = 'tolerance' | 'tier' | 'surrogate';

export interface ErrorBar {
  element: string;
  sublattice: string;
  bar: number;
  /** Parts of the square of the bar, which add up to one; those that are known. */
  parts: { share: Share; part: number; value: number }[];
}

/** Error bars of the fractions; of two elements that share a sublattice the second alone, for both are the same. */
export function errorBars(
  result: Pick<Result, 'uncertainty_of_composition' | 'uncertainty_shares'>,
): ErrorBar[] {
  const { uncertainty_of_composition: bars, uncertainty_shares: shares } = result;
  return Object.entries(bars ?? {}).flatMap(([sublattice, fractions]) =>
    Object.entries(fractions).flatMap(([element, bar], place, all) => {
      if (!bar || (all.length === 2 && place === 0)) return [];
      const known = (['tolerance', 'tier', 'surrogate'] as const).flatMap((share) => {
        const value = shares?.[share]?.[sublattice]?.[element];
        return value == null ? [] : [{ share, value }];
      });
      const total = known.reduce((sum, { value }) => sum + value ** 2, 0);
      const parts = total > 0 ? known.map((one) => ({ ...one, part: one.value ** 2 / total })) : [];
      return [{ element, sublattice, bar, parts }];
    }),
  );
}

/** Whether the error bars are made of the tolerances more than of the rest, so that smaller ones would narrow them. */
export function tighteningHelps(result: Parameters<typeof errorBars>[0]): boolean {
  const bars = errorBars(result);
  const parts = bars.flatMap(({ parts }) => parts.filter(({ share }) => share === 'tolerance'));
  return bars.length === 0 || parts.some(({ part }) => part > 0.5);
}

export interface FeasibleRange {
  element: string;
  sublattice: string;
  low: number;
  high: number;
  /** Of the answer. */
  here: number;
}

/** Ranges narrower than this are those of a fraction that is determined. */
const NARROW = 5e-3;

export function feasibleRanges(result: Pick<Result, 'feasible_ranges' | 'best'>): FeasibleRange[] {
  return Object.entries(result.feasible_ranges ?? {}).flatMap(([sublattice, elements]) =>
    Object.entries(elements).flatMap(([element, [low = 0, high = 0]]) =>
      high - low > NARROW
        ? [{ sublattice, element, low, high, here: result.best?.composition[sublattice]?.[element] ?? 0 }]
        : [],
    ),
  );
}
