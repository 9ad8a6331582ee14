/** A kind that this dashboard does not know yet: nothing is guessed of it. */

import type { Kind } from '../kind';
import { row } from './row';

export const unknown: Kind = {
  label: 'A kind that this dashboard does not know yet',
  row,
  page: () => import('./Page.svelte'),
  form: () => import('./Form.svelte'),
  begin: (problem) => problem,
  leave: (problem) => problem,
};
