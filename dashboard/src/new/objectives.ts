/** Objectives as the problem file writes them. */

import { isObject, numberAt, type Json, type JsonObject } from './json';

export type Wish = 'target' | 'same_as' | 'minimize' | 'maximize';

export function wishOf(objective: Json | undefined): Wish {
  if (!isObject(objective)) return 'target';
  if (objective.goal === 'minimize' || objective.goal === 'maximize') return objective.goal;
  return isObject(objective.target) ? 'same_as' : 'target';
}

/** A change of a property that matters, by its unit: the tolerance to begin with. */
const TOLERANCES: Record<string, number> = {
  Å: 0.002,
  degree: 0.1,
  'Å^3/atom': 0.02,
  'g/cm^3': 0.02,
  'eV/atom': 0.005,
  GPa: 1,
  '1': 0.002,
};

export function tolerance(unit: string | undefined): number {
  return TOLERANCES[unit ?? '1'] ?? 0.01;
}

/** The objective with another kind of wish; what belongs to the other kinds goes. */
export function withWish(objective: Json | undefined, wish: Wish, unit: string | undefined): JsonObject {
  const before = isObject(objective) ? objective : {};
  const { target: _target, tolerance: width, goal: _goal, scale, ...rest } = before;
  if (wish === 'minimize' || wish === 'maximize') {
    return { ...rest, goal: wish, ...(scale === undefined ? {} : { scale }) };
  }
  const band = typeof width === 'number' ? width : tolerance(unit);
  const number = numberAt(objective, 'target');
  const target: Json | undefined =
    wish === 'same_as' ? { same_as: { prototype: 'wurtzite', species: ['Ga', 'N'] } } : number;
  return { ...rest, ...(target === undefined ? {} : { target }), tolerance: band };
}

/** All objectives with equal weights, or all without: a Pareto front. */
export function weighed(objectives: readonly Json[], weights: boolean): Json[] {
  return objectives.map((one) => {
    if (!isObject(one)) return one;
    const { weight, ...rest } = one;
    return weights ? { ...rest, weight: typeof weight === 'number' ? weight : 1 } : rest;
  });
}
