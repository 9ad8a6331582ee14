/** The same done to many jobs, one after the other: told how far it is, and what did not work. */

import { ApiError, sentence, Unreachable } from '../api/client';
import type { Job } from '../api/types';

const LONGEST_WAIT_S = 60;

export interface Outcome {
  done: Job[];
  /** Those that the service refused to do it to, and why. */
  refused: { job: Job; why: string }[];
  /** Those that it was not tried with: it was stopped, or the service went away. */
  left: Job[];
}

/** Do it to each; a service that wants to rest is waited for, one that does not answer ends it. */
export async function doneToEach(
  jobs: readonly Job[],
  act: (job: Job) => Promise<unknown>,
  told: (count: number) => void,
  stopped: AbortSignal,
): Promise<Outcome> {
  const outcome: Outcome = { done: [], refused: [], left: [] };
  for (const [place, job] of jobs.entries()) {
    told(place);
    if (stopped.aborted) return { ...outcome, left: jobs.slice(place) };
    try {
      await patiently(() => act(job), stopped);
      outcome.done.push(job);
    } catch (error) {
      if (error instanceof Unreachable || stopped.aborted) return { ...outcome, left: jobs.slice(place) };
      outcome.refused.push({ job, why: sentence(error) });
    }
  }
  return outcome;
}

async function patiently(act: () => Promise<unknown>, stopped: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      const wait = error instanceof ApiError && error.status === 429 ? error.retryAfter : null;
      if (wait === null || wait > LONGEST_WAIT_S || stopped.aborted) throw error;
      await pause(1000 * wait, stopped);
      if (stopped.aborted) throw error;
    }
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stopped.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
