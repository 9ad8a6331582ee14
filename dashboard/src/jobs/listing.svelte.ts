/**
 * A page of the list of jobs that keeps itself up to date. The list is asked for again and again rather than streamed:
 * a browser opens six connections to a host at most, and each job would need one of its own.
 */

import { sentence } from '../api/client';
import type { Connection } from '../api/follow';
import { listJobs } from '../api/jobs';
import { isFinal, type Job, type JobState } from '../api/types';

const WHILE_ACTIVE_MS = 1_500;
const AT_REST_MS = 8_000;
export const PAGE = 25;

export interface Wanted {
  states: JobState[];
  name: string;
  cursor: string | undefined;
}

export class Listing {
  jobs = $state.raw<Job[] | null>(null);
  next = $state<string | null>(null);
  error = $state<string | null>(null);
  connection = $state.raw<Connection>({ phase: 'connecting', since: Date.now() });
  #wanted: Wanted = { states: [], name: '', cursor: undefined };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked: AbortController | null = null;

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
    const { states, name, cursor } = this.#wanted;
    try {
      const page = await listJobs(
        { state: states, name: name || undefined, cursor, limit: PAGE },
        asked.signal,
      );
      if (asked.signal.aborted) return;
      this.jobs = page.items;
      this.next = page.next_cursor ?? null;
      this.error = null;
      this.connection = { phase: 'live', since: Date.now() };
    } catch (error) {
      if (asked.signal.aborted) return;
      this.error = sentence(error);
      const since = this.connection.phase === 'live' ? Date.now() : this.connection.since;
      this.connection = { phase: navigator.onLine ? 'reconnecting' : 'offline', since };
    }
    const active = this.jobs?.some((job) => !isFinal(job.state)) ?? true;
    this.#timer = setTimeout(() => void this.#again(), active ? WHILE_ACTIVE_MS : AT_REST_MS);
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
  }
}
