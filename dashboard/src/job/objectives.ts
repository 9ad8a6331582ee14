/** The wishes of a problem, and how far an evaluation is from them: the same loss as the engine's (contract). */

import type { Evaluation, Problem } from '../api/types';

export interface Wish {
  property: string;
  /** Null where there is a goal instead, or where a same_as crystal has not been computed yet. */
  target: number | null;
  /** Whether there is a target at all, known or not. */
  hasTarget: boolean;
  tolerance: number | null;
  goal: 'minimize' | 'maximize' | null;
  scale: number;
  weight: number;
}

/** What counts as one unit of loss for a goal without a scale, by the property's unit (engine/optimize/objective.py). */
const SCALES: Record<string, number> = {
  'eV/atom': 0.01,
  Å: 0.01,
  degree: 1,
  'Å^3/atom': 0.1,
  'g/cm^3': 0.05,
  GPa: 1,
  '1': 0.01,
};

/**
 * The objectives with their targets as numbers.
 *
 * @param resolved targets as the service computed them, same_as resolved; empty while none is known
 * @param unitOf unit of a property, for the scale of a goal
 */
export function wishesOf(
  problem: Problem,
  resolved: readonly (number | null)[],
  unitOf: (property: string) => string,
): Wish[] {
  return (problem.objectives ?? []).map((objective, k) => ({
    property: objective.property,
    target: resolved[k] ?? (typeof objective.target === 'number' ? objective.target : null),
    hasTarget: objective.target !== null && objective.target !== undefined,
    tolerance: objective.tolerance ?? null,
    goal: objective.goal ?? null,
    scale: objective.scale ?? SCALES[unitOf(objective.property)] ?? 1,
    weight: objective.weight ?? 1,
  }));
}

/** Several objectives without weights: a Pareto front. */
export function wantsFront(problem: Problem): boolean {
  const objectives = problem.objectives ?? [];
  return (
    problem.kind === 'optimize' && objectives.length > 1 && objectives.every(({ weight }) => weight == null)
  );
}

export function valueOf(evaluation: Evaluation, property: string): number | null {
  return evaluation.properties[property]?.value ?? null;
}

/** What a wish makes of a value, the less the better: its part of the loss. Null while the target is not known. */
export function partOfLoss(wish: Wish, value: number): number | null {
  if (wish.hasTarget) {
    if (wish.target === null || wish.tolerance === null) return null;
    return wish.weight * ((value - wish.target) / wish.tolerance) ** 2;
  }
  return (wish.weight * (wish.goal === 'maximize' ? -value : value)) / wish.scale;
}

/** The loss of an evaluation; null where it failed, breaks a bound on a property, or cannot be told yet. */
export function lossOf(evaluation: Evaluation, wishes: readonly Wish[], problem: Problem): number | null {
  if (wishes.length === 0 || !evaluation.converged || !obeys(evaluation, problem)) return null;
  let sum = 0;
  for (const wish of wishes) {
    const value = valueOf(evaluation, wish.property);
    const part = value === null ? null : partOfLoss(wish, value);
    if (part === null) return null;
    sum += part;
  }
  return sum;
}

/** Whether the bounds on properties are obeyed. */
export function obeys(evaluation: Evaluation, problem: Problem): boolean {
  return (problem.constraints?.properties ?? []).every(({ property, min, max }) => {
    const value = valueOf(evaluation, property);
    return value !== null && value >= (min ?? -Infinity) && value <= (max ?? Infinity);
  });
}

/** Least loss up to each evaluation, by place in the list: the place of the best so far, or -1 before there is one. */
export function bestSoFar(losses: readonly (number | null)[]): number[] {
  let best = -1;
  return losses.map((loss, k) => {
    if (loss !== null && (best === -1 || loss < losses[best]!)) best = k;
    return best;
  });
}

/**
 * Downhill at an evaluation: minus the gradient of the loss, or, where there are only targets, of its square root (the
 * distance in tolerances), whose length does not shrink on the way.
 *
 * @returns sublattice -> element -> change for the better per unit fraction; null where a gradient is missing
 */
export function downhill(
  evaluation: Evaluation,
  wishes: readonly Wish[],
): Record<string, Record<string, number>> | null {
  const onlyTargets = wishes.every(({ hasTarget }) => hasTarget);
  let loss = 0;
  const sum: Record<string, Record<string, number>> = {};
  for (const wish of wishes) {
    const entry = evaluation.properties[wish.property];
    if (!entry?.gradient) return null;
    let slope: number;
    if (wish.hasTarget) {
      if (wish.target === null || wish.tolerance === null) return null;
      const off = (entry.value - wish.target) / wish.tolerance;
      loss += wish.weight * off ** 2;
      slope = (2 * wish.weight * off) / wish.tolerance;
    } else {
      slope = (wish.weight * (wish.goal === 'maximize' ? -1 : 1)) / wish.scale;
    }
    for (const [sublattice, elements] of Object.entries(entry.gradient)) {
      const into = (sum[sublattice] ??= {});
      for (const [element, g] of Object.entries(elements)) into[element] = (into[element] ?? 0) - slope * g;
    }
  }
  if (wishes.length === 0 || (onlyTargets && loss === 0)) return null;
  const factor = onlyTargets ? 1 / (2 * Math.sqrt(loss)) : 1;
  for (const elements of Object.values(sum)) for (const element in elements) elements[element]! *= factor;
  return sum;
}

/** Places of the evaluations that no other one beats in every wish. */
export function nondominated(merits: readonly (readonly number[] | null)[]): number[] {
  const known = merits.flatMap((merit, place) => (merit === null ? [] : [{ merit, place }]));
  known.sort((a, b) => compare(a.merit, b.merit));
  const front: { merit: readonly number[]; place: number }[] = [];
  for (const one of known) {
    // Sorted, so only what came before can be at least as good in everything.
    if (!front.some(({ merit }) => merit.every((value, k) => value <= one.merit[k]!))) front.push(one);
  }
  return front.map(({ place }) => place);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let k = 0; k < a.length; k += 1) if (a[k] !== b[k]) return a[k]! - b[k]!;
  return 0;
}

/** A wish's value as something to be small: distance from the target, or the value with the sign of the goal. */
export function merit(wish: Wish, value: number): number | null {
  if (wish.hasTarget) return wish.target === null ? null : Math.abs(value - wish.target);
  return wish.goal === 'maximize' ? -value : value;
}
