/** One job, kept up to date by its events; every view of the job's page reads from here. */

import { ApiError, sentence } from '../api/client';
import { follow, type Connection } from '../api/follow';
import { readAnswer, readJob, readResult } from '../api/jobs';
import type { ServerEvent } from '../api/sse';
import { isFinal, type AnswerSoFar, type Evaluation, type Job, type Result } from '../api/types';
import { JobLog } from './log';
import { stagesAfter, type Stage } from './stages';

/** A point of the page: an evaluation with its number. */
export interface Point {
  index: number;
  evaluation: Evaluation;
}

/** So often, milliseconds, while no event comes. */
const QUIET_MS = 5000;

export class JobStore {
  job = $state.raw<Job | null>(null);
  result = $state.raw<Result | null>(null);
  /** What the kind answers so far, where a page follows it. */
  answer = $state.raw<AnswerSoFar | null>(null);
  error = $state.raw<ApiError | Error | null>(null);
  connection = $state.raw<Connection>({ phase: 'connecting', since: Date.now() });
  /** Whether there is no such job. */
  gone = $derived(this.error instanceof ApiError && this.error.status === 404);
  /** Evaluations in the order of their numbers; a new array each time that some came. */
  points = $state.raw<readonly Point[]>([]);
  /** What the last change of state said. */
  message = $state<string | null>(null);
  /** What is being done, and since when. */
  stages = $state.raw<readonly Stage[]>([]);
  /** When the state became what it is, and when the last event came; null before one has. */
  stateSince = $state<string | null>(null);
  quietSince = $state<string | null>(null);

  #log = new JobLog();
  #waiting: ServerEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stop = new AbortController();
  #answering: 'unwanted' | 'idle' | 'reading' | 'stale' = 'unwanted';

  constructor(readonly id: string) {
    void this.#begin();
  }

  close(): void {
    this.#stop.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Put in what a call (cancel, pause, ...) answered, before its event comes. */
  replace(job: Job): void {
    this.job = { ...job, problem: job.problem ?? this.job?.problem ?? null };
  }

  /** Read what the kind answers so far, now and after each event, one call at a time. */
  followAnswer(): void {
    if (this.#answering !== 'unwanted') return;
    this.#answering = 'idle';
    void this.#readAnswer();
  }

  async #readAnswer(): Promise<void> {
    if (this.#answering === 'unwanted' || (this.job !== null && isFinal(this.job.state))) return;
    if (this.#answering !== 'idle') {
      this.#answering = 'stale';
      return;
    }
    do {
      this.#answering = 'reading';
      try {
        this.answer = await readAnswer(this.id, this.#stop.signal);
      } catch {
        // The event stream tells whether the service can be reached; the next event asks again.
      }
    } while ((this.#answering as string) === 'stale' && !this.#stop.signal.aborted);
    this.#answering = 'idle';
  }

  async retry(): Promise<void> {
    this.error = null;
    await this.#begin();
  }

  async #begin(): Promise<void> {
    try {
      this.job = await readJob(this.id, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted)
        this.error = error instanceof Error ? error : new Error(sentence(error));
      return;
    }
    void follow(
      this.id,
      {
        events: (batch) => this.#take(batch),
        connection: (now) => (this.connection = now),
        refused: (error) => (this.error = error),
      },
      this.#stop.signal,
    );
    if (isFinal(this.job.state)) await this.#readResult();
    else void this.#watchQuiet();
  }

  /** Why nothing happens, and what takes so long, may come without an event: while none comes, the job is asked. */
  async #watchQuiet(): Promise<void> {
    for (;;) {
      const seen = this.#log.at;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      if (this.#stop.signal.aborted || this.job === null || isFinal(this.job.state)) return;
      if (this.#log.at !== seen || this.connection.phase !== 'live') continue;
      try {
        const { notice, progress } = await readJob(this.id, this.#stop.signal);
        // An event that came meanwhile is newer.
        if (this.job === null || this.#log.at !== seen) continue;
        const { doing } = progress;
        this.stages = this.#log.stages = stagesAfter(this.#log.stages, doing, new Date().toISOString());
        if (this.job.notice !== notice || this.job.progress.doing.join() !== doing.join())
          this.job = { ...this.job, notice, progress: { ...this.job.progress, doing } };
      } catch {
        // The event stream tells whether the service can be reached.
      }
    }
  }

  /**
   * Events are shown a few times a second at most, and less often the more there is to draw: the time spent on drawing
   * stays in proportion to the number of evaluations, however they come.
   */
  #take(batch: ServerEvent[]): void {
    this.#waiting.push(...batch);
    if (this.#timer !== null) return;
    const wait = Math.min(1000, 30 + this.#log.count / 5);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#show();
    }, wait);
  }

  #show(): void {
    const grown = this.#log.take(this.#waiting.splice(0));
    const log = this.#log;
    if (grown) {
      const points: Point[] = [];
      log.evaluations.forEach((evaluation, index) => evaluation && points.push({ index, evaluation }));
      this.points = points;
    }
    this.message = log.message;
    this.stages = log.stages;
    this.stateSince = log.stateSince;
    this.quietSince = log.at;
    const job = this.job;
    if (job === null) return;
    // The job was read before the events: until they have caught up, what it says is newer.
    const done = Math.max(job.progress.evaluations_done, log.progress?.evaluations_done ?? 0);
    const caughtUp = log.progress !== null && log.progress.evaluations_done >= job.progress.evaluations_done;
    const state = log.state !== null && !isFinal(job.state) ? log.state : job.state;
    const ended = isFinal(state) && !isFinal(job.state);
    this.job = {
      ...job,
      state,
      started_at: job.started_at ?? (state === 'running' ? log.at : null),
      finished_at: job.finished_at ?? (ended ? log.at : null),
      notice: null,
      progress: caughtUp ? log.progress! : { ...job.progress, evaluations_done: done },
    };
    if (ended) void this.#end();
    else void this.#readAnswer();
  }

  async #end(): Promise<void> {
    try {
      this.replace(await readJob(this.id, this.#stop.signal));
    } catch {
      // The events have said the state already.
    }
    await this.#readResult();
  }

  async #readResult(): Promise<void> {
    if (this.job?.state === 'failed') return; // it has none: its problem detail is in the job
    try {
      this.result = await readResult(this.id, this.#stop.signal);
    } catch (error) {
      // Nor has one that was cancelled before anything could be said of it.
      if (!this.#stop.signal.aborted && !(error instanceof ApiError && error.status === 409)) {
        this.error = error instanceof Error ? error : new Error(sentence(error));
      }
    }
  }
}
