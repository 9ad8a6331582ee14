/** With what problems of kinds begin that compute at compositions as they are, and seek nothing. */

import { isObject, listAt, numberAt, type JsonObject } from '../new/json';
import { middle } from './evaluate/compositions';

/** Without how a potential describes disorder: these kinds have their own way. */
function withoutAccuracy(problem: JsonObject): JsonObject {
  const { potential, ...rest } = problem;
  if (!isObject(potential)) return problem;
  const { mixing: _m, tier: _t, ...kept } = potential;
  return Object.keys(kept).length === 0 ? rest : { ...rest, potential: kept };
}

/** Without what seeks or describes a composition, but with the seed, and at a composition where something is mixed. */
export function withoutSearch(problem: JsonObject): JsonObject {
  const { objectives: _o, properties: _p, verify: _v, scan: _s, strategy: _, ...rest } = problem;
  const seed = numberAt(problem, 'strategy', 'seed');
  return {
    ...withoutAccuracy(rest),
    ...(seed === undefined ? {} : { strategy: { seed } }),
    ...(listAt(problem, 'at').length === 0 && listAt(problem, 'sublattices').length > 0
      ? { at: [middle(problem)] }
      : {}),
  };
}
