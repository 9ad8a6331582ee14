/** Compositions as they are given. */

import { listAt } from '../../new/json';
import type { Kind } from '../kind';
import { middle } from './compositions';
import { row } from './row';

export const evaluate: Kind = {
  label: 'Compute given compositions',
  row,
  page: () => import('./Page.svelte'),
  form: () => import('./Form.svelte'),
  begin: (problem) => (listAt(problem, 'at').length > 0 ? problem : { ...problem, at: [middle(problem)] }),
  leave: (problem) => {
    const { at: _at, ...rest } = problem;
    return rest;
  },
};
