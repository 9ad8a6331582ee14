/**
 * A page of the list of jobs that keeps itself up to date: by the events of its newest active jobs, and by asking for
 * the list again, seldom where those events tell everything. A browser opens six connections to a host at most, and
 * each job's events need one.
 */

import { ApiError } from '../api/client';
import { FROM_NOW, follow, type Connection } from '../api/follow';
import { listJobs, readArray } from '../api/jobs';
import type { ServerEvent } from '../api/sse';
import { isFinal, type Job, type JobArray, type JobState } from '../api/types';
import { progressIn } from '../job/log';

const WHILE_ACTIVE_MS = 1_500;
const AT_REST_MS = 8_000;
export const PAGE = 25;
/** So many jobs are followed at a time; the other connections are for everything else. */
export const MOST_FOLLOWED = 3;

export interface Wanted {
  states: JobState[];
  search: string;
  starred: boolean;
  tags: string[];
  array: string;
  cursor: string | undefined;
}

export class Listing {
  jobs = $state.raw<Job[] | null>(null);
  next = $state<string | null>(null);
  /** How many jobs of the array that is asked for are in which state. */
  together = $state.raw<JobArray['states'] | null>(null);
  error = $state.raw<unknown>(null);
  connection = $state.raw<Connection>({ phase: 'connecting', since: Date.now() });
  #wanted: Wanted = { states: [], search: '', starred: false, tags: [], array: '', cursor: undefined };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked: AbortController | null = null;
  #followed = new Map<string, AbortController>();

  want(wanted: Wanted): void {
    this.#wanted = wanted;
    void this.refresh();
  }

  /** Ask now; an answer to an earlier question is not waited for. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    const { states, search, starred, tags, array, cursor } = this.#wanted;
    try {
      const page = await listJobs(
        {
          state: states,
          search: search || undefined,
          starred: starred ? 'true' : undefined,
          tag: tags,
          array: array || undefined,
          cursor,
          limit: PAGE,
        },
        asked.signal,
      );
      if (asked.signal.aborted) return;
      const together = array ? (await readArray(array, asked.signal)).states : null;
      if (asked.signal.aborted) return;
      this.jobs = page.items;
      this.together = together;
      this.next = page.next_cursor ?? null;
      this.error = null;
      this.connection = { phase: 'live', since: Date.now() };
    } catch (error) {
      if (asked.signal.aborted) return;
      this.error = error;
      const since = this.connection.phase === 'live' ? Date.now() : this.connection.since;
      this.connection = { phase: navigator.onLine ? 'reconnecting' : 'offline', since };
    }
    const active = (this.jobs ?? []).filter((job) => !isFinal(job.state)).map((job) => job.id);
    this.#follow(active.slice(0, MOST_FOLLOWED));
    // Who did not give a key would be asked for one again and again.
    if (this.error instanceof ApiError && this.error.status === 401) return;
    const often = this.jobs === null || active.length > MOST_FOLLOWED;
    this.#timer = setTimeout(() => void this.#again(), often ? WHILE_ACTIVE_MS : AT_REST_MS);
  }

  #follow(ids: string[]): void {
    for (const [id, stop] of this.#followed) {
      if (ids.includes(id)) continue;
      stop.abort();
      this.#followed.delete(id);
    }
    for (const id of ids.filter((one) => !this.#followed.has(one))) {
      const stop = new AbortController();
      this.#followed.set(id, stop);
      const follower = {
        events: (batch: ServerEvent[]) => this.#take(id, batch),
        // What happened before the stream was open, or while it was lost, is in the list.
        connection: ({ phase }: Connection) => {
          if (phase === 'live' || phase === 'ended') void this.refresh();
        },
        refused: () => undefined, // the list, asked for again, says why
      };
      void follow(id, follower, stop.signal, FROM_NOW);
    }
  }

  #take(id: string, batch: ServerEvent[]): void {
    const said = batch.findLast(({ name }) => name === 'progress');
    if (said !== undefined) {
      const { progress } = progressIn(said);
      this.jobs = this.jobs?.map((job) => (job.id === id ? { ...job, progress } : job)) ?? null;
    }
    if (batch.some(({ name }) => name === 'state')) void this.refresh();
  }

  /** Show a job as it is by now, where it is listed. */
  put(job: Job): void {
    this.jobs = this.jobs?.map((one) => (one.id === job.id ? job : one)) ?? null;
  }

  /** Nobody looks at a hidden tab. */
  async #again(): Promise<void> {
    if (document.visibilityState === 'hidden') {
      this.#timer = setTimeout(() => void this.#again(), WHILE_ACTIVE_MS);
    } else {
      await this.refresh();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#follow([]);
  }
}
