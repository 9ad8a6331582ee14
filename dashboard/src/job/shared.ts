/** What is chosen on a job's page, as its address keeps it: `?evaluation=4&property=density&over=cation:Al,Sc`. */

import { overText, type Slice } from './slice';

export interface Chosen {
  /** Number of the evaluation, from 0; people and addresses count from 1. */
  evaluation: number | null;
  property: string | null;
  /** Which elements the composition plot shows, as GET /map wants it. */
  over: string | null;
}

export function chosenIn(query: URLSearchParams): Chosen {
  const number = Number(query.get('evaluation') ?? Number.NaN);
  return {
    evaluation: Number.isInteger(number) && number >= 1 ? number - 1 : null,
    property: query.get('property'),
    over: query.get('over'),
  };
}

/** The same address with what is chosen now; what is not chosen is not in it. */
export function withChosen(hash: string, chosen: Chosen): string {
  const [path = '', search = ''] = hash.split('?', 2);
  const query = new URLSearchParams(search);
  const put = (name: string, value: string | null) =>
    value === null ? query.delete(name) : query.set(name, value);
  put('evaluation', chosen.evaluation === null ? null : String(chosen.evaluation + 1));
  put('property', chosen.property);
  put('over', chosen.over);
  // Colons and commas may stand in a fragment as they are, and are read more easily so.
  const text = query.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return text === '' ? path : `${path}?${text}`;
}

/** The slice of that text; null where the problem has none such. */
export function sliceNamed(slices: readonly Slice[], over: string | null): Slice | null {
  return slices.find((slice) => overText(slice) === over) ?? null;
}
