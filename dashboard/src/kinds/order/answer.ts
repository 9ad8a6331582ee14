/** What kind order answers, as the views draw it. */

import type { Composition, OrderAnswer, Ordering, Result } from '../../api/types';
import { fixed } from '../../format/numbers';
import { extentOf } from '../../plots/scale';

export type Rung = OrderAnswer['ladder'][number];
export type HullCorner = NonNullable<OrderAnswer['hull']>[number];

const LISTS = ['orderings', 'compositions', 'ladder', 'disordered', 'ordering_probability'] as const;

/** The answer of a result; null where there is none, or one of another version that has other parts. */
export function orderAnswer(result: Result | null): OrderAnswer | null {
  const answer = result?.answer ?? {};
  return LISTS.every((part) => Array.isArray(answer[part])) ? (answer as unknown as OrderAnswer) : null;
}

export function key(composition: Composition): string {
  return JSON.stringify(composition);
}

/** What an ordering is called: by its name where it has one. */
export function called(ordering: Ordering, place: number): string {
  return ordering.name ? `${ordering.name}, ordering ${place + 1}` : `ordering ${place + 1}`;
}

/** What is not as it should be with an ordering. */
export function remarks(ordering: Ordering): string {
  const said = [];
  if (!ordering.converged) said.push('did not converge');
  if (ordering.left_parent)
    said.push(`left the parent lattice (${fixed(ordering.largest_displacement, 2)} Å)`);
  else if (ordering.message) said.push(ordering.message);
  return said.join('; ');
}

/** The one sublattice whose two elements vary, both of them atoms: then compositions lie on a line. */
export interface Line {
  sublattice: string;
  elements: readonly [string, string];
}

export function lineOf(answer: OrderAnswer): Line | null {
  const all = [...answer.compositions, ...(answer.hull ?? [])].map(({ composition }) => composition);
  const varying = Object.entries(all[0] ?? {}).flatMap(([sublattice, elements]) =>
    Object.keys(elements)
      .filter((element) => new Set(all.map((one) => one[sublattice]?.[element] ?? 0)).size > 1)
      .map((element) => ({ sublattice, element })),
  );
  const [first, second] = varying;
  if (varying.length !== 2 || first!.sublattice !== second!.sublattice) return null;
  if ([first!.element, second!.element].includes('Vac')) return null; // atoms of a cell are then not as many
  return { sublattice: first!.sublattice, elements: [first!.element, second!.element] };
}

/** Where a composition lies on the line. */
export function placeOn(line: Line, composition: Composition): number {
  return composition[line.sublattice]?.[line.elements[1]] ?? 0;
}

/** The corners of the hull from one end to the other. */
export function cornersOn(line: Line, hull: readonly HullCorner[]): HullCorner[] {
  return [...hull].sort((a, b) => placeOn(line, a.composition) - placeOn(line, b.composition));
}

/** Each rung of a ladder with the ordering that was relaxed from it; null where none was. */
export function orderingsOf(ladder: readonly Rung[], orderings: readonly Ordering[]): (number | null)[] {
  const places = new Map(
    orderings.map((one, place) => [`${key(one.composition)} ${one.energy_per_atom}`, place]),
  );
  return ladder.map(({ composition, energy_per_atom: energy }) =>
    energy === null ? null : (places.get(`${key(composition)} ${energy}`) ?? null),
  );
}

/** The lowest energy of a ladder, from which it is drawn, eV/atom. */
export function lowestOf(ladder: readonly Rung[]): number {
  const energies = ladder.flatMap(({ unrelaxed_energy, energy_per_atom }) => [
    unrelaxed_energy,
    energy_per_atom,
  ]);
  return extentOf(energies)?.[0] ?? 0;
}
