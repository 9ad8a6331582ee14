/** The jobs that are compared: each read with its result, and again while it runs. */

import { ApiError, sentence } from '../api/client';
import { readJob, readResult } from '../api/jobs';
import { isFinal, type Job, type Result } from '../api/types';

export interface Compared {
  id: string;
  job: Job | null;
  result: Result | null;
  /** Why there is nothing to compare, in words; null where there is. */
  trouble: string | null;
}

/** Seconds between looks at a job that has not ended. */
const AGAIN_SECONDS = 3;
/** More columns than these are not read side by side. */
export const MOST_JOBS = 12;

/** The jobs of an address, each once: `ID,ID,...`. */
export function idsOf(text: string): string[] {
  const ids = text.split(',').map((id) => id.trim());
  return [...new Set(ids.filter((id) => id !== ''))].slice(0, MOST_JOBS);
}

/** What a person types or pastes to name a job: its id, or the address of its page. */
export function idIn(text: string): string {
  const found = /#\/jobs\/([^/?#\s]+)/.exec(text);
  return decodeURIComponent(found?.[1] ?? text.trim());
}

export async function readCompared(id: string, signal: AbortSignal): Promise<Compared> {
  let job: Job | null = null;
  try {
    job = await readJob(id, signal);
    if (job.state === 'failed') {
      const why = job.failure?.detail ?? job.failure?.title ?? 'it does not say why';
      return { id, job, result: null, trouble: `It failed: ${why}` };
    }
    if (!isFinal(job.state)) {
      return { id, job, result: null, trouble: 'It has not ended: its answer follows when it has.' };
    }
    return { id, job, result: await readResult(id, signal), trouble: null };
  } catch (error) {
    if (signal.aborted) throw error;
    const gone = error instanceof ApiError && error.status === 404;
    return {
      id,
      job,
      result: null,
      trouble: gone ? 'There is no such job: it may have been deleted.' : sentence(error),
    };
  }
}

export class Comparison {
  entries = $state.raw<readonly Compared[]>([]);
  busy = $state(false);

  /** Read the jobs, and those that run again and again, until `signal` is aborted. */
  async follow(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const known = new Map(this.entries.map((entry) => [entry.id, entry]));
    this.busy = true;
    try {
      for (;;) {
        const entries = await Promise.all(
          ids.map((id) => {
            const before = known.get(id);
            const settled = before?.result != null || before?.job?.state === 'failed';
            return settled ? before! : readCompared(id, signal);
          }),
        );
        if (signal.aborted) return;
        this.entries = entries;
        this.busy = false;
        for (const entry of entries) known.set(entry.id, entry);
        if (entries.every(({ job }) => job === null || isFinal(job.state))) return;
        await new Promise((resolve) => setTimeout(resolve, 1000 * AGAIN_SECONDS));
        if (signal.aborted) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
