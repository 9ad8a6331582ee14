/** How much each element's fraction moves each property. */

import type { ExpectedProperty, Gradient, Problem } from '../api/types';
import { boundsOf, mixedSublattices } from './slice';
import type { Point } from './store.svelte';

export interface Column {
  sublattice: string;
  element: string;
  /** How far its fraction can go within the bounds of all elements of the sublattice. */
  range: number;
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

/** The elements that are mixed, with the ranges that the bounds leave them. */
export function columnsOf(problem: Problem): Column[] {
  return mixedSublattices(problem).flatMap(({ name, elements }) => {
    const bounds = Object.entries(boundsOf(elements));
    const [lows, highs] = [0, 1].map((end) => bounds.reduce((all, [, one]) => all + one[end]!, 0)) as [
      number,
      number,
    ];
    return bounds.flatMap(([element, [low, high]]) => {
      const least = Math.max(low, 1 - (highs - high));
      const most = Math.min(high, 1 - (lows - low));
      return most - least > 1e-9 ? [{ sublattice: name, element, range: most - least }] : [];
    });
  });
}

/** Changes per percent that are smaller than this are noise of the computation. */
export const NOISE = 1e-11;

/**
 * The range of each fraction times the mean size of the slopes that were measured (the others of the sublattice giving way
 * in proportion), over all evaluations that have them; of a property without measured slopes the surrogate's slope.
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
    const measured = points.flatMap(({ evaluation }): Gradient[] => {
      const slopes = evaluation.converged ? evaluation.properties[property]?.per_percent : null;
      return slopes ? [slopes] : [];
    });
    const surrogate = expected.find((one) => one.property === property)?.per_percent;
    const slopes = measured.length > 0 ? measured : surrogate ? [surrogate] : [];
    if (slopes.length === 0) return [];
    const of = columns.map(({ sublattice, element, range }): Importance | null => {
      const changes = slopes.flatMap((one) => one[sublattice]?.[element] ?? []);
      if (changes.length === 0) return null;
      const size =
        (100 * range * changes.reduce((all, change) => all + Math.abs(change), 0)) / changes.length;
      const signs = new Set(changes.filter((change) => Math.abs(change) > NOISE).map(Math.sign));
      return { size, sign: signs.size === 1 ? ([...signs][0] as 1 | -1) : 0 };
    });
    return [{ property, evaluations: measured.length, of }];
  });
}
