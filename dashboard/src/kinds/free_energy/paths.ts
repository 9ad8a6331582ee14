/** What a problem has for each path: crystals at compositions, a change between two, or an atom that is taken out. */

import { at, listAt, objectAt, textAt, type JsonObject } from '../../new/json';
import { elementsOf } from '../../new/sublattices';
import { middle } from '../evaluate/compositions';

/** The first sublattice with several elements full of its first, or second, one; the others in the middle. */
function end(problem: JsonObject, which: 0 | 1): JsonObject {
  const all = listAt(problem, 'sublattices');
  const changes = all.find((one) => elementsOf(one).length > 1);
  const full = elementsOf(changes).map(({ symbol }, place) => [symbol, place === which ? 1 : 0]);
  return {
    ...middle(problem),
    ...(changes ? { [textAt(changes, 'name') ?? '']: Object.fromEntries(full) } : {}),
  };
}

/** The problem of a change, which begins and ends where it did before, or at pure ends. */
export function ofChange(problem: JsonObject): JsonObject {
  const { at: _, ...rest } = problem;
  const { reference: _r, vacancy: _v, ...options } = objectAt(problem, 'free_energy');
  return {
    ...rest,
    free_energy: {
      ...options,
      path: 'composition',
      from: options.from ?? end(problem, 0),
      to: options.to ?? end(problem, 1),
    },
  };
}

/** The problem of crystals, at those that are listed or one in the middle. */
export function ofCrystals(problem: JsonObject): JsonObject {
  const { from: _f, to: _t, vacancy: _v, ...options } = objectAt(problem, 'free_energy');
  const none = listAt(problem, 'at').length === 0 && listAt(problem, 'sublattices').length > 0;
  return {
    ...problem,
    free_energy: { ...options, path: 'absolute' },
    ...(none ? { at: [middle(problem)] } : {}),
  };
}

/** The problem of a vacancy, of the atom that is named or the first element of the first sublattice. */
export function ofVacancy(problem: JsonObject): JsonObject {
  const crystals = ofCrystals(problem);
  const first = listAt(problem, 'sublattices')[0];
  const sublattice = textAt(first, 'name') ?? '';
  const element = elementsOf(first)[0]?.symbol ?? '';
  return {
    ...crystals,
    free_energy: {
      ...objectAt(crystals, 'free_energy'),
      path: 'vacancy',
      vacancy: at(problem, ['free_energy', 'vacancy']) ?? { sublattice, element },
    },
  };
}
