/** Orderings of a crystal, their hull, the disordered state, and the ordering probability. */

import type { Kind } from '../kind';
import { withoutSearch } from '../without-search';
import { row } from './row';

export const order: Kind = {
  label: 'Find the orderings',
  row,
  page: () => import('./Page.svelte'),
  form: () => import('./Form.svelte'),
  begin: (problem) => withoutSearch(problem, ['mixing', 'tier']),
  leave: (problem) => {
    const { at: _at, order: _order, ...rest } = problem;
    return rest;
  },
};
