/** The fractions of a problem by name, as constraints write them: `sublattice:element`. */

import { listAt, textAt, type JsonObject } from './json';
import { elementsOf } from './sublattices';

export function columnsOf(problem: JsonObject): string[] {
  return listAt(problem, 'sublattices').flatMap((one) =>
    elementsOf(one).map(({ symbol }) => `${textAt(one, 'name') ?? ''}:${symbol}`),
  );
}
