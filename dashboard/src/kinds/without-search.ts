/** With what problems of kinds begin that compute at compositions as they are, and seek nothing. */

import { isObject, listAt, numberAt, type JsonObject } from '../new/json';
import { middle } from './evaluate/compositions';

/** Without what of the potential the kind has no use for. */
function withoutChoices(problem: JsonObject, unused: readonly string[]): JsonObject {
  const { potential, ...rest } = problem;
  if (!isObject(potential)) return problem;
  const kept = Object.fromEntries(Object.entries(potential).filter(([field]) => !unused.includes(field)));
  return Object.keys(kept).length === 0 ? rest : { ...rest, potential: kept };
}

/**
 * Without what seeks or describes a composition, but with the seed, and at a composition where something is mixed.
 *
 * @param unused how a potential describes disorder, where the kind has its own way
 */
export function withoutSearch(problem: JsonObject, unused: readonly string[]): JsonObject {
  const { objectives: _o, properties: _p, verify: _v, scan: _s, strategy: _, ...rest } = problem;
  const seed = numberAt(problem, 'strategy', 'seed');
  return {
    ...withoutChoices(rest, unused),
    ...(seed === undefined ? {} : { strategy: { seed } }),
    ...(listAt(problem, 'at').length === 0 && listAt(problem, 'sublattices').length > 0
      ? { at: [middle(problem)] }
      : {}),
  };
}
