/** What a plot can set against something else: the properties of evaluations, and fractions of elements. */

import type { Evaluation, Problem } from '../api/types';
import { valueOf } from './objectives';
import { boundsOf, mixedSublattices } from './slice';

/** A property by its name, or a fraction as `x(cation:Sc)`, which no property is called. */
export type Quantity = string;

const FRACTION = /^x\(([^:]+):([^:]+)\)$/;

/** Fractions of the elements that are mixed. */
export function fractionsOf(problem: Problem): Quantity[] {
  return mixedSublattices(problem).flatMap(({ name, elements }) =>
    Object.keys(boundsOf(elements)).map((element) => `x(${name}:${element})`),
  );
}

export function isFraction(quantity: Quantity): boolean {
  return FRACTION.test(quantity);
}

/** As people read it. */
export function quantityText(quantity: Quantity): string {
  const found = FRACTION.exec(quantity);
  return found ? `fraction of ${found[2]} on ${found[1]}` : quantity;
}

/** Its value at an evaluation; null where there is none, as of a property of one that did not converge. */
export function quantityOf(evaluation: Evaluation, quantity: Quantity): number | null {
  const found = FRACTION.exec(quantity);
  if (found) return evaluation.composition[found[1]!]?.[found[2]!] ?? null;
  return evaluation.converged ? valueOf(evaluation, quantity) : null;
}
