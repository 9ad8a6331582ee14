/** The evaluations of a job that has ended, as its result has them. */

import type { Evaluation } from '../api/types';
import type { Point } from './store.svelte';

/**
 * The points with what the result says of them. What was told while the job ran may be old by now: the front has moved,
 * and properties that compare with end members were filled in later. A result has no numbers of evaluations, so they are
 * found by their compositions; a composition that was evaluated twice, in order.
 */
export function settled(points: readonly Point[], evaluations: readonly Evaluation[]): readonly Point[] {
  const waiting = new Map<string, Evaluation[]>();
  for (const evaluation of evaluations) {
    const key = JSON.stringify(evaluation.composition);
    const known = waiting.get(key);
    if (known) known.push(evaluation);
    else waiting.set(key, [evaluation]);
  }
  return points.map((point) => {
    const found = waiting.get(JSON.stringify(point.evaluation.composition))?.shift();
    return found === undefined ? point : { index: point.index, evaluation: found };
  });
}
