/** Which part of the composition space is drawn: two or three elements of one sublattice, the rest held fixed. */

import type { Composition, Evaluation, Problem, Sublattice } from '../api/types';
import type { HalfPlane, Shares } from '../plots/ternary';

export interface Slice {
  sublattice: string;
  /** Two for a line, three for a triangle, in the order of their corners. */
  elements: readonly string[];
}

/** As GET /map wants it: `cation:Al,Sc`. */
export function overText(slice: Slice): string {
  return `${slice.sublattice}:${slice.elements.join(',')}`;
}

/** Sublattices with something to choose. */
export function mixedSublattices(problem: Problem): Sublattice[] {
  return (problem.sublattices ?? []).filter(({ elements }) => free(elements).length > 1);
}

function free(elements: Sublattice['elements']): string[] {
  return Object.keys(boundsOf(elements));
}

/** Bounds by element; the API normalises lists of symbols, an older one may not have. */
export function boundsOf(elements: Sublattice['elements']): Record<string, [number, number]> {
  if (Array.isArray(elements)) return Object.fromEntries(elements.map((element) => [element, [0, 1]]));
  return elements as unknown as Record<string, [number, number]>;
}

/** How many fractions are free in all. */
export function freedom(problem: Problem): number {
  return mixedSublattices(problem).reduce((sum, { elements }) => sum + free(elements).length - 1, 0);
}

/** Every slice with as many elements as can be drawn at once: pairs of a pair, triples of what has more. */
export function slicesOf(problem: Problem): Slice[] {
  return mixedSublattices(problem).flatMap(({ name, elements }) => {
    const names = free(elements);
    if (names.length === 2) return [{ sublattice: name, elements: names }];
    return triples(names).map((chosen) => ({ sublattice: name, elements: chosen }));
  });
}

export function triples(names: readonly string[]): string[][] {
  const found: string[][] = [];
  for (let a = 0; a < names.length; a += 1) {
    for (let b = a + 1; b < names.length; b += 1) {
      for (let c = b + 1; c < names.length; c += 1) found.push([names[a]!, names[b]!, names[c]!]);
    }
  }
  return found;
}

/** The slice that shows most of a composition: its most abundant elements, in the problem's order. */
export function bestSlice(problem: Problem, composition: Composition | null): Slice | null {
  const all = slicesOf(problem);
  if (composition === null || all.length === 0) return all[0] ?? null;
  const amount = (slice: Slice) =>
    slice.elements.reduce((sum, element) => sum + (composition[slice.sublattice]?.[element] ?? 0), 0);
  const first = all[0]!.sublattice;
  const candidates = all.filter(({ sublattice }) => sublattice === first);
  return candidates.reduce((best, slice) => (amount(slice) > amount(best) + 1e-9 ? slice : best));
}

export interface Projected {
  /** Shares of the slice's elements among themselves. */
  shares: number[];
  /** What they have together, of the sublattice. */
  total: number;
}

/** Where a composition falls on a slice; null if it has none of the slice's elements. */
export function projected(composition: Composition, slice: Slice): Projected | null {
  const fractions = composition[slice.sublattice];
  if (!fractions) return null;
  const amounts = slice.elements.map((element) => fractions[element] ?? 0);
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  if (total < 1e-9) return null;
  return { shares: amounts.map((amount) => amount / total), total };
}

/** Largest difference of a fraction between a composition and the slice through another: 0 on the slice itself. */
export function distance(composition: Composition, slice: Slice, through: Composition): number {
  let most = 0;
  for (const [sublattice, fractions] of Object.entries(through)) {
    for (const [element, there] of Object.entries(fractions)) {
      if (sublattice === slice.sublattice && slice.elements.includes(element)) continue;
      most = Math.max(most, Math.abs((composition[sublattice]?.[element] ?? 0) - there));
    }
  }
  const here = projected(composition, slice)?.total ?? 0;
  return Math.max(most, Math.abs(here - (projected(through, slice)?.total ?? 1)));
}

/**
 * The bounds of the elements and the linear constraints, as half-planes of a slice's shares.
 *
 * @param through the composition whose other fractions are held
 */
export function halfPlanes(problem: Problem, slice: Slice, through: Composition | null): HalfPlane[] {
  const sublattice = (problem.sublattices ?? []).find(({ name }) => name === slice.sublattice);
  if (!sublattice) return [];
  const total = (through && projected(through, slice)?.total) ?? 1;
  const found: HalfPlane[] = [];
  const add = (coefficients: number[], bound: number) => {
    if (coefficients.some((c) => c !== 0))
      found.push({ coefficients: coefficients as unknown as Shares, bound });
  };
  const bounds = boundsOf(sublattice.elements);
  slice.elements.forEach((element, k) => {
    const [low, high] = bounds[element] ?? [0, 1];
    const unit = slice.elements.map((_, j) => (j === k ? total : 0));
    if (high < total) add(unit, high);
    if (low > 0)
      add(
        unit.map((c) => -c),
        -low,
      );
  });
  for (const { terms, min, max } of problem.constraints?.linear ?? []) {
    const coefficients = slice.elements.map(
      (element) => total * (terms[`${slice.sublattice}:${element}`] ?? 0),
    );
    const held = Object.entries(terms).reduce((sum, [column, coefficient]) => {
      const [name, element] = column.split(':') as [string, string];
      if (name === slice.sublattice && slice.elements.includes(element)) return sum;
      return sum + coefficient * (through?.[name]?.[element] ?? 0);
    }, 0);
    if (max != null) add(coefficients, max - held);
    if (min != null)
      add(
        coefficients.map((c) => -c),
        held - min,
      );
  }
  return found;
}

/** Constraints of the composition that half-planes cannot draw, by name. */
export function notDrawn(problem: Problem): string[] {
  const { charge_neutrality, min_if_present, max_elements } = problem.constraints ?? {};
  return [
    ...(charge_neutrality ? ['charge neutrality'] : []),
    ...(Object.keys(min_if_present ?? {}).length > 0 ? ['least amounts'] : []),
    ...(Object.keys(max_elements ?? {}).length > 0 ? ['most elements'] : []),
  ];
}

/** The same composition, to within what JSON and rounding lose? */
export function sameComposition(a: Composition, b: Composition): boolean {
  return Object.entries(a).every(([sublattice, fractions]) =>
    Object.entries(fractions).every(
      ([element, fraction]) => Math.abs(fraction - (b[sublattice]?.[element] ?? 0)) < 1e-9,
    ),
  );
}

/** A gradient's part along a slice's elements, without their mean; null where there is none. */
export function along(gradient: Record<string, Record<string, number>>, slice: Slice): number[] | null {
  const elements = gradient[slice.sublattice];
  if (!elements) return null;
  const parts = slice.elements.map((element) => elements[element] ?? 0);
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
  return parts.map((part) => part - mean);
}

/** Slope of a property along a line from its first element to its second, per unit of the second's share. */
export function slopeAlong(evaluation: Evaluation, property: string, slice: Slice): number | null {
  const gradient = evaluation.properties[property]?.gradient?.[slice.sublattice];
  if (!gradient) return null;
  const total = projected(evaluation.composition, slice)?.total ?? 1;
  return total * ((gradient[slice.elements[1]!] ?? 0) - (gradient[slice.elements[0]!] ?? 0));
}
