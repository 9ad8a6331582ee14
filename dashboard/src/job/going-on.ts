/** What can be done next with a job that has an answer. */

import { isFinal, type Job } from '../api/types';

/** Whether the ways to go on stand with the answer; until then the head of the page has those that there are. */
export function canGoOn(job: Job): boolean {
  return isFinal(job.state) && job.state !== 'failed';
}

/** By how much a tighter problem's tolerances are smaller. */
export const TIGHTER_BY = 2;

interface Aims {
  name?: unknown;
  objectives?: unknown;
}

const isAim = (one: unknown): one is { tolerance: number } =>
  typeof one === 'object' && one !== null && typeof (one as { tolerance?: unknown }).tolerance === 'number';

/** The same problem with tolerances `TIGHTER_BY` times smaller, to three digits, and a name that says so. */
export function tightened<P extends Aims>(problem: P): P {
  const aims = Array.isArray(problem.objectives) ? (problem.objectives as unknown[]) : [];
  const objectives = aims.map((one) =>
    isAim(one) ? { ...one, tolerance: Number((one.tolerance / TIGHTER_BY).toPrecision(3)) } : one,
  );
  const name = typeof problem.name === 'string' ? { name: `${problem.name}, tighter`.slice(0, 200) } : {};
  return { ...problem, ...name, objectives };
}
