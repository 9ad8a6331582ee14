/** Compositions to compute, as the problem file writes them. */

import { listAt, textAt, type Json, type JsonObject } from '../../new/json';
import { elementsOf } from '../../new/sublattices';

/** A composition in the middle of the bounds, to begin with. */
export function middle(problem: JsonObject): JsonObject {
  return Object.fromEntries(
    listAt(problem, 'sublattices').map((one) => {
      const elements = elementsOf(one);
      const total = elements.reduce((sum, { low, high }) => sum + low + high, 0) || 1;
      const shares = elements.map(({ symbol, low, high }) => [
        symbol,
        Number(((low + high) / total).toFixed(4)),
      ]);
      return [textAt(one, 'name') ?? '', Object.fromEntries(shares) as JsonObject];
    }),
  );
}

/** A problem of the parent crystal alone, so that it is seen before anything else has been chosen. */
export function parentAlone(structure: Json, potential: Json | undefined): JsonObject {
  return {
    kind: 'evaluate',
    structure,
    ...(potential === undefined ? {} : { potential }),
  };
}
