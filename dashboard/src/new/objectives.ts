/** Objectives and bounds as the problem file writes them. */

import type { PropertyInfo } from '../api/types';
import { isObject, numberAt, type Json, type JsonObject } from './json';

export type Wish = 'target' | 'same_as' | 'minimize' | 'maximize';

export function wishOf(objective: Json | undefined): Wish {
  if (!isObject(objective)) return 'target';
  if (objective.goal === 'minimize' || objective.goal === 'maximize') return objective.goal;
  return isObject(objective.target) ? 'same_as' : 'target';
}

/** What the catalogue says of a property; undefined where it does not know it. */
export type Known = Pick<PropertyInfo, 'name' | 'unit' | 'tolerance'> | undefined;

/** The objective with another kind of wish; what belongs to the other kinds goes. */
export function withWish(objective: Json | undefined, wish: Wish, property: Known): JsonObject {
  const before = isObject(objective) ? objective : {};
  const { target: _target, tolerance: width, goal: _goal, scale, ...rest } = before;
  if (wish === 'minimize' || wish === 'maximize') {
    return { ...rest, goal: wish, ...(scale === undefined ? {} : { scale }) };
  }
  const band = typeof width === 'number' ? width : property?.tolerance;
  const number = numberAt(objective, 'target');
  const target: Json | undefined =
    wish === 'same_as' ? { same_as: { prototype: 'wurtzite', species: ['Ga', 'N'] } } : number;
  return {
    ...rest,
    ...(target === undefined ? {} : { target }),
    ...(band === undefined ? {} : { tolerance: band }),
  };
}

/** The objective with another property. Numbers in another unit would mean something else, and go or begin anew. */
export function withProperty(objective: Json | undefined, before: Known, after: PropertyInfo): JsonObject {
  const old = isObject(objective) ? objective : {};
  if (before?.unit === after.unit) return { ...old, property: after.name };
  const { target, scale: _scale, ...rest } = old;
  return {
    ...rest,
    property: after.name,
    ...(isObject(target) ? { target } : {}),
    ...('tolerance' in old ? { tolerance: after.tolerance } : {}),
  };
}

/** The bound on another property, without the numbers where they were in another unit. */
export function boundOn(bound: Json | undefined, before: Known, after: PropertyInfo): JsonObject {
  const old = isObject(bound) ? bound : {};
  if (before?.unit === after.unit) return { ...old, property: after.name };
  const { min: _min, max: _max, ...rest } = old;
  return { ...rest, property: after.name };
}

/** All objectives with equal weights, or all without: a Pareto front. */
export function weighed(objectives: readonly Json[], weights: boolean): Json[] {
  return objectives.map((one) => {
    if (!isObject(one)) return one;
    const { weight, ...rest } = one;
    return weights ? { ...rest, weight: typeof weight === 'number' ? weight : 1 } : rest;
  });
}
