/** Every feasible composition of a grid. */

import { textAt } from '../../new/json';
import type { Kind } from '../kind';
import { row } from './row';

export const scan: Kind = {
  label: 'Scan a grid of compositions',
  row,
  page: () => import('./Page.svelte'),
  form: () => import('./Form.svelte'),
  begin: (problem) => ('scan' in problem ? problem : { ...problem, scan: { points_per_edge: 11 } }),
  leave: (problem) => {
    // The strategy of the same grid has a use for it, too.
    if (textAt(problem, 'strategy', 'name') === 'grid') return problem;
    const { scan: _scan, ...rest } = problem;
    return rest;
  },
};
