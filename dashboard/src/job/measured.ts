/** People's own points as plots and tables show them: measured, and no evaluations. */

import type { Problem } from '../api/types';
import { significant, withUnit } from '../format/numbers';
import { compositionText } from '../format/words';
import { projected, type Slice } from './slice';

export type Measured = NonNullable<Problem['measured']>[number];

/** Every element of the problem with its fraction: those that are left out are 0. */
export function wholeComposition(one: Measured, problem: Problem): Measured['composition'] {
  return Object.fromEntries(
    (problem.sublattices ?? []).map(({ name, elements }) => {
      const symbols = Array.isArray(elements) ? elements : Object.keys(elements);
      const given = one.composition[name] ?? (symbols.length === 1 ? { [symbols[0]!]: 1 } : {});
      return [name, Object.fromEntries(symbols.map((symbol) => [symbol, given[symbol] ?? 0]))];
    }),
  );
}

/** Where the measured points of a property fall on a slice: shares, value, deviation, words. */
export function measuredOn(problem: Problem | null, property: string, slice: Slice, unit: string) {
  return (problem?.measured ?? []).flatMap((one) => {
    const value = one.properties[property];
    const shares = projected(wholeComposition(one, problem!), slice)?.shares;
    if (value === undefined || shares === undefined) return [];
    return [
      { shares, value, deviation: one.deviation?.[property] ?? 0, title: measuredText(one, property, unit) },
    ];
  });
}

/** A measured value in words. */
export function measuredText(one: Measured, property: string, unit: string): string {
  const deviation = one.deviation?.[property];
  const said = deviation === undefined ? '' : ` ± ${significant(deviation, 2)}`;
  const source = one.source ? ` (${one.source})` : '';
  const value = withUnit(`${one.properties[property]}${said}`, unit);
  return `measured: ${compositionText(one.composition)}, ${property} ${value}${source}`;
}
