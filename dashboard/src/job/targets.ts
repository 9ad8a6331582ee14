/** What an objective aims at, in words, where that is more than a number. */

import type { Objective } from '../api/types';

/** Prototypes with as many of the one as of the other, whose elements one after another are the formula. */
const ONE_TO_ONE = new Set(['wurtzite', 'zincblende', 'rocksalt', 'cscl', 'nickeline']);
const LENGTHS: Record<string, string> = { lattice_a: 'a', lattice_b: 'b', lattice_c: 'c' };

/** "a of GaN, same potential" of a target that is another crystal's; null of a number. */
export function targetName({ property, target }: Objective): string | null {
  if (target === null || typeof target !== 'object') return null;
  return `${LENGTHS[property] ?? property.replaceAll('_', ' ')} of ${crystalName(target.same_as)}, same potential`;
}

function crystalName({
  prototype,
  species,
}: {
  prototype?: string | null;
  species?: string[] | null;
}): string {
  if (!prototype || !species?.length) return 'another crystal';
  if (species.length === 1) return `${prototype} ${species[0]}`;
  return ONE_TO_ONE.has(prototype) ? species.join('') : `${prototype} of ${species.join(', ')}`;
}
