/** The wishes of a problem, and what the service says of evaluations under them. */

import type { Assessment, Evaluation, Problem } from '../api/types';

export interface Wish {
  property: string;
  /** Null where there is a goal instead, or where a same_as crystal has not been computed yet. */
  target: number | null;
  /** Whether there is a target at all, known or not. */
  hasTarget: boolean;
  tolerance: number | null;
  goal: 'minimize' | 'maximize' | null;
}

/**
 * The objectives with their targets as numbers.
 *
 * @param resolved targets as the service computed them, same_as resolved; empty while none is known
 */
export function wishesOf(problem: Problem, resolved: readonly (number | null)[]): Wish[] {
  return (problem.objectives ?? []).map((objective, k) => ({
    property: objective.property,
    target: resolved[k] ?? (typeof objective.target === 'number' ? objective.target : null),
    hasTarget: objective.target !== null && objective.target !== undefined,
    tolerance: objective.tolerance ?? null,
    goal: objective.goal ?? null,
  }));
}

export function valueOf(evaluation: Evaluation, property: string): number | null {
  return evaluation.properties[property]?.value ?? null;
}

/** The loss as the service computed it; null where there is none. */
export function lossOf(evaluation: Evaluation): number | null {
  return evaluation.assessment?.loss ?? null;
}

/**
 * Which evaluation was the best up to each, by place in the list; -1 before there is one. The service says what the
 * least loss was; this looks for the evaluation that had it.
 */
export function bestPlaces(assessments: readonly (Assessment | null | undefined)[]): number[] {
  let place = -1;
  let least: number | null = null;
  return assessments.map((one, k) => {
    const loss = one?.loss ?? null;
    // Evaluations of a batch come back in any order: what was the best when one came may not be any more.
    if (loss !== null && loss === one!.best && (least === null || loss < least)) {
      place = k;
      least = loss;
    }
    return place;
  });
}
