/** What a problem has for each path: crystals at compositions, a change between two, an atom taken out, or two phases. */

import { at, listAt, objectAt, textAt, type Json, type JsonObject } from '../../new/json';
import { elementsOf } from '../../new/sublattices';
import { middle } from '../evaluate/compositions';

/** The first sublattice with several elements full of its first, or second, one; the others in the middle. */
function end(problem: JsonObject, which: 0 | 1): JsonObject {
  const all = listAt(problem, 'sublattices');
  const changes = all.find((one) => elementsOf(one).length > 1);
  const full = elementsOf(changes).map(({ symbol }, place) => [symbol, place === which ? 1 : 0]);
  return {
    ...middle(problem),
    ...(changes ? { [textAt(changes, 'name') ?? '']: Object.fromEntries(full) } : {}),
  };
}

/** The problem of a change, which begins and ends where it did before, or at pure ends. */
export function ofChange(problem: JsonObject): JsonObject {
  const { at: _, ...rest } = problem;
  const { reference: _r, vacancy: _v, phases: _p, ...options } = objectAt(problem, 'free_energy');
  return {
    ...rest,
    free_energy: {
      ...options,
      path: 'composition',
      from: options.from ?? end(problem, 0),
      to: options.to ?? end(problem, 1),
    },
  };
}

/** The problem of crystals, at those that are listed or one in the middle. */
export function ofCrystals(problem: JsonObject): JsonObject {
  const { from: _f, to: _t, vacancy: _v, phases: _p, ...options } = objectAt(problem, 'free_energy');
  const none = listAt(problem, 'at').length === 0 && listAt(problem, 'sublattices').length > 0;
  return {
    ...problem,
    free_energy: { ...options, path: 'absolute' },
    ...(none ? { at: [middle(problem)] } : {}),
  };
}

/** The problem of a vacancy, of the atom that is named or the first element of the first sublattice. */
export function ofVacancy(problem: JsonObject): JsonObject {
  const crystals = ofCrystals(problem);
  const { reference: _, ...options } = objectAt(crystals, 'free_energy');
  const first = listAt(problem, 'sublattices')[0];
  const sublattice = textAt(first, 'name') ?? '';
  const element = elementsOf(first)[0]?.symbol ?? '';
  return {
    ...crystals,
    free_energy: {
      ...options,
      path: 'vacancy',
      vacancy: at(problem, ['free_energy', 'vacancy']) ?? { sublattice, element },
    },
  };
}

/** Whether the crystal of a problem is the first of its phases. */
export function startsWithItsCrystal(problem: JsonObject): boolean {
  const first = at(problem, ['free_energy', 'phases', 0]);
  return JSON.stringify(first) === JSON.stringify(at(problem, ['structure']));
}

/** Structures by name that two elements, or one, are compared in where nothing else is said. */
const USUAL: Record<number, [string, string]> = { 1: ['fcc', 'bcc'], 2: ['rocksalt', 'cscl'] };

/** The problem of two phases: its crystal, and the other one that it has, or a usual structure of the same elements. */
export function ofPhases(problem: JsonObject): JsonObject {
  const crystals = ofCrystals(problem);
  const structure = () => copied(at(problem, ['structure']) ?? {});
  const known = at(problem, ['free_energy', 'phases', 1]);
  return {
    ...crystals,
    free_energy: {
      ...objectAt(crystals, 'free_energy'),
      path: 'phases',
      phases: [structure(), known ?? otherPhase(structure())],
    },
  };
}

function otherPhase(structure: Json): Json {
  const species = listAt(structure, 'species');
  const usual = USUAL[species.length] ?? USUAL[2]!;
  const prototype = usual.find((name) => name !== textAt(structure, 'prototype'))!;
  return { prototype, species };
}

/** The same values: what stands twice in a document as one object is written as an anchor and its alias. */
function copied(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
