/** Free energies of crystals, or of a change of composition, with their errors. */

import { listAt } from '../../new/json';
import type { Kind } from '../kind';
import { withoutSearch } from '../without-search';
import { row } from './row';

export const free_energy: Kind = {
  label: 'Compute free energies',
  row,
  page: () => import('./Page.svelte'),
  form: () => import('./Form.svelte'),
  idle: (problem) =>
    listAt(problem, 'free_energy', 'temperatures').length > 0 ? ['conditions.temperature'] : [],
  begin: (problem) => {
    const { constraints: _, ...rest } = withoutSearch(problem, ['tier']);
    return { free_energy: { path: 'absolute' }, ...rest };
  },
  leave: (problem) => {
    const { at: _at, free_energy: _options, ...rest } = problem;
    return rest;
  },
};
