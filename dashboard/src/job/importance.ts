/** How much each element's fraction moves each property. */

import type { ExpectedProperty, Gradient, Problem } from '../api/types';
import { constraintsOf, FIXED, freeFractions, orthonormal, unit, without } from './feasible';
import type { Point } from './store.svelte';

export interface Column {
  sublattice: string;
  element: string;
  /** How far its fraction can go within the bounds of all elements and the linear constraints. */
  range: number;
  /** How all fractions change for one unit of it, by sublattice and element; null: the others of its sublattice in proportion. */
  direction: Gradient | null;
}

export interface Importance {
  /** Change of the property over the range of the fraction: its size, in the property's unit. */
  size: number;
  /** Whether the property always rises with the element, always falls, or now this and now that. */
  sign: 1 | -1 | 0;
}

export interface ImportanceRow {
  property: string;
  /** Slopes of how many evaluations it is the mean of; 0 where the surrogate's is taken. */
  evaluations: number;
  /** By column; null where nothing is known. */
  of: (Importance | null)[];
}

/** The elements that are mixed, with the ranges and the directions that bounds and linear constraints leave them. */
export function columnsOf(problem: Problem): Column[] {
  const fractions = freeFractions(problem);
  const ties = fractions.flatMap(({ low, high }, k) =>
    high - low > FIXED ? [] : [unit(fractions.length, k)],
  );
  const equal = constraintsOf(problem, fractions).filter(({ low, high }) => high - low <= FIXED);
  const tied = equal.some(({ linear }) => linear);
  const basis = orthonormal([...ties, ...equal.map(({ factors }) => factors)]);
  return fractions.flatMap(({ sublattice, element, low, high }, k): Column[] => {
    if (high - low <= FIXED) return [];
    const range = high - low;
    if (!tied) return [{ sublattice, element, range, direction: null }];
    const along = without(unit(fractions.length, k), basis);
    if (along[k]! <= FIXED) return [];
    const direction: Gradient = {};
    fractions.forEach((one, j) => ((direction[one.sublattice] ??= {})[one.element] = along[j]! / along[k]!));
    return [{ sublattice, element, range, direction }];
  });
}

/** Elements that the bounds alone would leave free, and the constraints do not. */
export function tiedBy(problem: Problem): { sublattice: string; element: string }[] {
  const free = columnsOf({ ...problem, constraints: { ...problem.constraints!, linear: [] } });
  const left = columnsOf(problem);
  return free.filter(
    (one) =>
      !left.some(({ sublattice, element }) => sublattice === one.sublattice && element === one.element),
  );
}

/** Changes per percent that are smaller than this are noise of the computation. */
export const NOISE = 1e-11;

interface Slopes {
  per_percent?: Gradient | null;
  gradient?: Gradient | null;
}

/** Change for one per cent along a direction that keeps the sums of all sublattices. */
function perPercent(gradient: Gradient | null | undefined, direction: Gradient): number | null {
  if (!gradient) return null;
  let change = 0;
  for (const [sublattice, elements] of Object.entries(direction)) {
    for (const [element, by] of Object.entries(elements)) {
      if (by !== 0) change += (by * (gradient[sublattice]?.[element] ?? 0)) / 100;
    }
  }
  return change;
}

/**
 * The range of each fraction times the mean size of the slopes that were measured along its direction, over all evaluations that have them; of a property without measured slopes the surrogate's slope.
 *
 * @param expected what surrogates say, where it is known
 */
export function importances(
  points: readonly Point[],
  properties: readonly string[],
  columns: readonly Column[],
  expected: readonly ExpectedProperty[],
): ImportanceRow[] {
  return properties.flatMap((property) => {
    const measured = points.flatMap(({ evaluation }): Slopes[] => {
      const known = evaluation.converged ? evaluation.properties[property] : undefined;
      return known?.per_percent ? [known] : [];
    });
    const surrogate = expected.find((one) => one.property === property);
    const slopes = measured.length > 0 ? measured : surrogate?.per_percent ? [surrogate] : [];
    if (slopes.length === 0) return [];
    const of = columns.map(({ sublattice, element, range, direction }): Importance | null => {
      const changes = slopes.flatMap(
        (one) =>
          (direction ? perPercent(one.gradient, direction) : one.per_percent?.[sublattice]?.[element]) ?? [],
      );
      if (changes.length === 0) return null;
      const size =
        (100 * range * changes.reduce((all, change) => all + Math.abs(change), 0)) / changes.length;
      const signs = new Set(changes.filter((change) => Math.abs(change) > NOISE).map(Math.sign));
      return { size, sign: signs.size === 1 ? ([...signs][0] as 1 | -1) : 0 };
    });
    return [{ property, evaluations: measured.length, of }];
  });
}
