/** What bounds and linear constraints leave the fractions of the elements that are mixed. */

import type { Problem } from '../api/types';
import { most } from './simplex';
import { boundsOf, mixedSublattices } from './slice';

/** A fraction that can go no farther is fixed. */
export const FIXED = 1e-9;

export interface Fraction {
  sublattice: string;
  element: string;
  low: number;
  high: number;
}

/** A sum of fractions times factors, in the order of the fractions, that lies between two values. */
export interface Constraint {
  factors: number[];
  low: number;
  high: number;
  /** Of the problem, and no sum of a sublattice. */
  linear: boolean;
}

/** The sums of the sublattices, then the linear constraints of a problem. */
export function constraintsOf(problem: Problem, fractions: readonly Fraction[]): Constraint[] {
  const sums = mixedSublattices(problem).map(({ name }) => ({
    factors: fractions.map(({ sublattice }) => Number(sublattice === name)),
    low: 1,
    high: 1,
    linear: false,
  }));
  const linear = (problem.constraints?.linear ?? []).map(({ terms, min, max }) => {
    const factors = fractions.map(({ sublattice, element }) => terms[`${sublattice}:${element}`] ?? 0);
    // Of a sublattice that is not mixed the only element has a fraction of 1.
    const known = new Set(fractions.map(({ sublattice, element }) => `${sublattice}:${element}`));
    const rest = Object.entries(terms).reduce((all, [name, by]) => (known.has(name) ? all : all + by), 0);
    return { factors, low: (min ?? -Infinity) - rest, high: (max ?? Infinity) - rest, linear: true };
  });
  return [...sums, ...linear];
}

/** The fractions of mixed elements, and from where to where bounds and constraints together let each go. */
export function freeFractions(problem: Problem): Fraction[] {
  const bounded = mixedSublattices(problem).flatMap(({ name, elements }) =>
    Object.entries(boundsOf(elements)).map(([element, [low, high]]) => ({
      sublattice: name,
      element,
      low,
      high,
    })),
  );
  // In variables that are 0 at the lower bounds.
  const rows: number[][] = [];
  const limits: number[] = [];
  bounded.forEach(({ low, high }, k) => {
    rows.push(unit(bounded.length, k));
    limits.push(high - low);
  });
  for (const { factors, low, high } of constraintsOf(problem, bounded)) {
    const start = factors.reduce((all, factor, k) => all + factor * bounded[k]!.low, 0);
    if (high < Infinity) {
      rows.push(factors);
      limits.push(high - start);
    }
    if (low > -Infinity) {
      rows.push(factors.map((factor) => -factor));
      limits.push(start - low);
    }
  }
  return bounded.map((one, k) => {
    const upwards = unit(bounded.length, k);
    const up = most(upwards, rows, limits);
    const down = most(
      upwards.map((value) => -value),
      rows,
      limits,
    );
    if (up === null || down === null) return { ...one, high: one.low }; // nothing is allowed
    return { ...one, low: one.low - down, high: one.low + up };
  });
}

export function unit(length: number, place: number): number[] {
  return Array.from({ length }, (_, k) => Number(k === place));
}

/** A vector without its parts along orthonormal ones. */
export function without(vector: readonly number[], basis: readonly (readonly number[])[]): number[] {
  const left = [...vector];
  for (const one of basis) {
    const part = one.reduce((all, value, k) => all + value * left[k]!, 0);
    one.forEach((value, k) => (left[k]! -= part * value));
  }
  return left;
}

/** Orthonormal vectors that span the same. */
export function orthonormal(vectors: readonly (readonly number[])[]): number[][] {
  const basis: number[][] = [];
  for (const vector of vectors) {
    const left = without(without(vector, basis), basis);
    const length = Math.hypot(...left);
    if (length > 1e-9 * Math.hypot(...vector)) basis.push(left.map((value) => value / length));
  }
  return basis;
}
