/** Names as people read them. */

import type { Composition, JobState } from '../api/types';
import { fraction } from './numbers';

export const STATE_WORDS: Record<JobState, string> = {
  queued: 'Queued',
  running: 'Running',
  paused: 'Paused',
  cancelling: 'Cancelling',
  cancelled: 'Cancelled',
  succeeded: 'Finished',
  failed: 'Failed',
};

/** `Al 0.8165 Sc 0.1835`; with several sublattices `cation: Al 0.8165 Sc 0.1835; anion: N 1`. */
export function compositionText(composition: Composition, decimals = 4): string {
  const parts = Object.entries(composition).map(([name, fractions]) => ({
    name,
    text: Object.entries(fractions)
      .map(([element, value]) => `${element} ${fraction(value, decimals)}`)
      .join(' '),
  }));
  return parts.length === 1 ? parts[0]!.text : parts.map((part) => `${part.name}: ${part.text}`).join('; ');
}

/** What elements are called where so many sublattices are spoken of: `Al`, or `cation:Al` among several. */
export function elementNames(
  sublattices: readonly string[],
): (one: { sublattice: string; element: string }) => string {
  const several = new Set(sublattices).size > 1;
  return ({ sublattice, element }) => (several ? `${sublattice}:${element}` : element);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
