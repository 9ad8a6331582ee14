/** Sublattices as the problem file writes them, and how choices in the crystal change them. */

import type { SiteOfProblem } from '../api/types';
import { isObject, listAt, objectAt, textAt, type Json, type JsonObject } from './json';

export interface ElementBounds {
  symbol: string;
  low: number;
  high: number;
}

/** The elements of a sublattice with their bounds; a list of symbols means [0, 1] each. */
export function elementsOf(sublattice: Json | undefined): ElementBounds[] {
  const listed = listAt(sublattice, 'elements').filter((one) => typeof one === 'string');
  if (listed.length > 0) return listed.map((symbol) => ({ symbol, low: 0, high: 1 }));
  return Object.entries(objectAt(sublattice, 'elements')).map(([symbol, bounds]) => {
    const [low, high] = Array.isArray(bounds) ? bounds : [];
    return {
      symbol,
      low: typeof low === 'number' ? low : 0,
      high: typeof high === 'number' ? high : 1,
    };
  });
}

export function elementsAsWritten(elements: readonly ElementBounds[]): JsonObject {
  return Object.fromEntries(elements.map(({ symbol, low, high }) => [symbol, [low, high]]));
}

/** Numbers of the sites that a sublattice holds. */
export function membersOf(sublattice: Json | undefined, sites: readonly SiteOfProblem[]): Set<number> {
  const wanted = listAt(sublattice, 'sites');
  return new Set(
    sites
      .filter((site) => wanted.includes(site.element) || wanted.includes(site.index))
      .map((site) => site.index),
  );
}

/** Which sublattice each site belongs to, by the sublattice's place in the list. */
export function owners(problem: JsonObject, sites: readonly SiteOfProblem[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const [place, sublattice] of listAt(problem, 'sublattices').entries()) {
    for (const index of membersOf(sublattice, sites)) if (!found.has(index)) found.set(index, place);
  }
  return found;
}

/** A new sublattice on all sites of an element, or on one site alone. */
export function sublatticeOn(problem: JsonObject, site: SiteOfProblem, alone: boolean): JsonObject {
  return {
    name: freeName(problem, site.element),
    sites: [alone ? site.index : site.element],
    elements: { [site.element]: [0, 1] },
  };
}

const ANIONS = new Set(['H', 'N', 'P', 'As', 'Sb', 'O', 'S', 'Se', 'Te', 'F', 'Cl', 'Br', 'I']);

function freeName(problem: JsonObject, element: string): string {
  const taken = new Set(listAt(problem, 'sublattices').map((one) => textAt(one, 'name')));
  const compound = new Set(listAt(problem, 'structure', 'species')).size !== 1;
  const first = !compound ? 'metal' : ANIONS.has(element) ? 'anion' : 'cation';
  for (const name of [first, element]) if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${element}${number}`)) number += 1;
  return `${element}${number}`;
}

/** The problem after an element of its parent was exchanged: sublattices that named the old one name the new one. */
export function withSpecies(problem: JsonObject, place: number, symbol: string): JsonObject {
  const species = listAt(problem, 'structure', 'species');
  const old = species[place];
  const structure: JsonObject = {
    ...objectAt(problem, 'structure'),
    species: species.map((one, k) => (k === place ? symbol : one)),
  };
  // A lattice constant that was given belongs to the old crystal.
  for (const length of ['a', 'b', 'c']) delete structure[length];
  const stays = species.some((one, k) => k !== place && one === old);
  if (typeof old !== 'string' || stays) return { ...problem, structure };
  const sublattices = listAt(problem, 'sublattices').map((one): Json => {
    if (!isObject(one) || !listAt(one, 'sites').includes(old)) return one;
    const elements = elementsOf(one).filter((each) => each.symbol !== symbol);
    return {
      ...one,
      sites: listAt(one, 'sites').map((site) => (site === old ? symbol : site)),
      elements: elementsAsWritten(elements.map((each) => (each.symbol === old ? { ...each, symbol } : each))),
    };
  });
  return 'sublattices' in problem ? { ...problem, structure, sublattices } : { ...problem, structure };
}
