/** Orderings of a crystal, their hull, the disordered state, and the ordering probability. */

import { listAt, numberAt } from '../../new/json';
import { middle } from '../evaluate/compositions';
import type { Kind } from '../kind';
import { row } from './row';

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
      ...rest,
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
