/** What a job took, in a line. */

import type { Result } from '../api/types';
import { count } from '../format/numbers';
import { duration } from '../format/time';

export function costText({ cost }: Pick<Result, 'cost'>): string {
  const supercells = cost.supercell_calls
    ? ` (${count(cost.supercell_calls)} of them for supercells, as ${count(cost.primitive_equivalents)} for the parent cell)`
    : '';
  const plural = (number: number, one: string) => `${count(number)} ${one}${number === 1 ? '' : 's'}`;
  return (
    `${plural(cost.evaluations, 'evaluation')}, ${plural(cost.potential_calls, 'potential call')}${supercells} and ` +
    `${count(cost.shared_calls)} shared with others, ${duration(cost.seconds)} of computing`
  );
}
