/** Orderings of a crystal, their hull, the disordered state, and the ordering probability. */

import { isObject, listAt, numberAt, type JsonObject } from '../../new/json';
import { middle } from '../evaluate/compositions';
import type { Kind } from '../kind';
import { row } from './row';

/** Without how a potential describes disorder: explicit decorations have none, and every tier is answered. */
function withoutAccuracy(problem: JsonObject): JsonObject {
  const { potential, ...rest } = problem;
  if (!isObject(potential)) return problem;
  const { mixing: _m, tier: _t, ...kept } = potential;
  return Object.keys(kept).length === 0 ? rest : { ...rest, potential: kept };
}

export const order: Kind = {
  label: 'Find the orderings',
  row,
  page: () => import('./Page.svelte'),
  form: () => import('./Form.svelte'),
  begin: (problem) => {
    // What seeks or describes a composition has no use here; the seed has.
    const { objectives: _o, properties: _p, verify: _v, scan: _s, strategy: _, ...rest } = problem;
    const seed = numberAt(problem, 'strategy', 'seed');
    return {
      ...withoutAccuracy(rest),
      ...(seed === undefined ? {} : { strategy: { seed } }),
      ...(listAt(problem, 'at').length === 0 && listAt(problem, 'sublattices').length > 0
        ? { at: [middle(problem)] }
        : {}),
    };
  },
  leave: (problem) => {
    const { at: _at, order: _order, ...rest } = problem;
    return rest;
  },
};
