/** The search for the composition that meets the objectives, or for the front of what can be had. */

import type { Kind } from '../kind';
import { row } from './row';

export const optimize: Kind = {
  label: 'Find the best composition',
  row,
  page: () => import('./Page.svelte'),
  form: () => import('./Form.svelte'),
  begin: (problem) => problem,
  leave: (problem) => problem,
};
