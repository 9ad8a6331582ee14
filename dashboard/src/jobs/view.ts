/** Which jobs the list shows. It is in the address, so that a view can be kept and shared. */

import type { JobState } from '../api/types';
import { links } from '../router/router.svelte';

export interface View {
  state: string;
  search: string;
  starred: boolean;
  tags: string[];
  array: string;
}

export interface StateFilter {
  label: string;
  value: string;
  states: JobState[];
}

export const EVERYTHING: View = { state: '', search: '', starred: false, tags: [], array: '' };

export const STATES: readonly [StateFilter, ...StateFilter[]] = [
  { label: 'All', value: '', states: [] },
  { label: 'Active', value: 'active', states: ['queued', 'running', 'paused', 'cancelling'] },
  { label: 'Finished', value: 'finished', states: ['succeeded'] },
  { label: 'Cancelled', value: 'cancelled', states: ['cancelled'] },
  { label: 'Failed', value: 'failed', states: ['failed'] },
];

export function stateFilter(view: View): StateFilter {
  return STATES.find(({ value }) => value === view.state) ?? STATES[0];
}

export function viewOf(query: URLSearchParams): View {
  return {
    state: query.get('state') ?? '',
    search: query.get('search') ?? query.get('name') ?? '', // addresses that were kept have `name`
    starred: query.get('starred') === 'true',
    tags: query.getAll('tag'),
    array: query.get('array') ?? '',
  };
}

/** The address of a view. */
export function linkTo({ state, search, starred, tags, array }: View): string {
  const parameters = new URLSearchParams();
  if (state) parameters.set('state', state);
  if (search) parameters.set('search', search);
  if (starred) parameters.set('starred', 'true');
  for (const tag of tags) parameters.append('tag', tag);
  if (array) parameters.set('array', array);
  const text = parameters.toString();
  return text ? `${links.jobs}?${text}` : links.jobs;
}

/** What a view asks for, in words: “GaN” in name, note or tags, starred, with the tag talk. Empty: everything. */
export function inWords(view: View): string {
  const { states, label } = stateFilter(view);
  return [
    states.length > 0 ? `in the state ${label}` : '',
    view.search ? `with “${view.search}” in name, note or tags` : '',
    view.starred ? 'with a star' : '',
    ...view.tags.map((tag) => `with the tag ${tag}`),
    view.array ? 'of this array' : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
