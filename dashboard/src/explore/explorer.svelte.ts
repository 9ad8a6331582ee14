/** What is known of the composition at hand: what surrogates expect there, and evaluations that were asked for. */

import { ApiError, sentence } from '../api/client';
import { freshKey } from '../api/idempotency';
import { evaluateAt, listJobs, readEvaluations, readJob, readSurrogate } from '../api/jobs';
import { isFinal, type Composition, type Evaluation, type Job, type SurrogatePoint } from '../api/types';
import type { JobStore, Point } from '../job/store.svelte';
import { atText } from './composition';

/** A job that was asked for one evaluation, and what it found. */
export interface Asked {
  job: Job;
  evaluation: Evaluation | null;
}

/** A pointer that is dragged asks so often at the most, milliseconds. */
const ASK_MS = 150;
/** So often evaluations that were asked for are looked at. */
const LOOK_MS = 2000;
/** Jobs that came of this one that are looked through. */
const MOST_ASKED = 50;

export class Explorer {
  /** The composition at hand; null until the job has one. */
  at = $state.raw<Composition | null>(null);
  /** The newest answer, which may be of a place that the pointer has left. */
  point = $state.raw<SurrogatePoint | null>(null);
  /** Why there is none. */
  note = $state<string | null>(null);
  asked = $state.raw<readonly Asked[]>([]);
  asking = $state(false);
  fault = $state('');

  #wanted: string | null = null;
  #told: string | null = $state(null);
  #running = false;
  #looking = false;
  #stop = new AbortController();

  constructor(readonly store: JobStore) {}

  close(): void {
    this.#stop.abort();
  }

  /** Whether the answer is of the composition at hand. */
  settled = $derived.by(() => this.at !== null && this.#told === atText(this.at));

  /** Evaluations that were asked for and came back. */
  points = $derived.by((): readonly Point[] =>
    this.asked.flatMap(({ evaluation }, index) => (evaluation === null ? [] : [{ index, evaluation }])),
  );

  move(at: Composition): void {
    this.at = at;
    this.#wanted = atText(at);
    void this.#ask();
  }

  /** Ask again what is at hand: evaluations have come. */
  refresh(): void {
    if (this.at !== null) this.move(this.at);
  }

  /** One question at a time, and always the newest. */
  async #ask(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#wanted !== null && !this.#stop.signal.aborted) {
        await pause(ASK_MS);
        const wanted: string = this.#wanted;
        const wait = await this.#answer(wanted);
        if (wait !== null) await pause(1000 * wait);
        else if (this.#wanted === wanted) this.#wanted = null;
      }
    } finally {
      this.#running = false;
    }
  }

  /** Seconds after which to ask again; null where it is answered. */
  async #answer(wanted: string): Promise<number | null> {
    try {
      const answer = await readSurrogate(this.store.id, wanted, this.#stop.signal);
      if ('wait' in answer) {
        this.note = 'A worker fits the surrogates…';
        return answer.wait;
      }
      this.point = answer.point;
      this.#told = wanted;
      this.note = null;
      return null;
    } catch (error) {
      if (this.#stop.signal.aborted) return null;
      this.note = sentence(error);
      if (error instanceof ApiError && error.retryAfter !== null) return error.retryAfter;
      return error instanceof ApiError && error.status < 500 ? null : 4;
    }
  }

  /** Have the composition at hand evaluated. */
  async evaluate(): Promise<void> {
    if (this.at === null) return;
    this.asking = true;
    this.fault = '';
    try {
      const job = await evaluateAt(this.store.id, this.at, freshKey());
      this.asked = [{ job, evaluation: null }, ...this.asked];
      void this.look();
    } catch (error) {
      this.fault = sentence(error);
    } finally {
      this.asking = false;
    }
  }

  /** Read what was asked for, until all of it has ended. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (!this.#stop.signal.aborted) {
        await this.#read();
        if (this.asked.every(({ job }) => isFinal(job.state))) return;
        await pause(LOOK_MS);
      }
    } catch {
      // The page is of use without them; the next one that is asked for looks again.
    } finally {
      this.#looking = false;
    }
  }

  async #read(): Promise<void> {
    const signal = this.#stop.signal;
    const { items } = await listJobs({ parent: this.store.id, limit: MOST_ASKED }, signal);
    const known = new Map(this.asked.map((one) => [one.job.id, one]));
    const found: Asked[] = [];
    for (const item of items) {
      const before = known.get(item.id);
      if (before && isFinal(before.job.state)) {
        found.push(before);
        continue;
      }
      const job = before ? { ...item, problem: before.job.problem ?? null } : await readJob(item.id, signal);
      if (job.problem?.verify || job.problem?.at?.length !== 1) continue; // a verification, or a list
      const page = isFinal(job.state) ? await readEvaluations(job.id, undefined, signal) : null;
      found.push({ job, evaluation: page?.items[0]?.evaluation ?? null });
    }
    this.asked = found;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
