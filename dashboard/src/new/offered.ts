/** Which properties can be chosen: where the catalogue has one for any element, one for each of the crystal's. */

import type { PropertyInfo, SiteOfProblem } from '../api/types';
import { listAt, type Json } from './json';
import { elementsOf } from './sublattices';

const ANY = 'ELEMENT';

/** The elements that the crystal may hold, in order of appearance; a vacancy is none. */
export function heldElements(problem: Json | undefined, sites: readonly SiteOfProblem[]): string[] {
  const mixed = listAt(problem, 'sublattices').flatMap((one) => elementsOf(one).map(({ symbol }) => symbol));
  const fixed = sites.filter((site) => !mixed.includes(site.element)).map((site) => site.element);
  return [...new Set([...mixed, ...fixed])].filter((symbol) => symbol !== 'Vac');
}

export function offered(properties: readonly PropertyInfo[], elements: readonly string[]): PropertyInfo[] {
  return properties.flatMap((one) =>
    one.name.endsWith(`:${ANY}`)
      ? elements.map((element) => ({ ...one, name: one.name.replace(ANY, element) }))
      : [one],
  );
}
