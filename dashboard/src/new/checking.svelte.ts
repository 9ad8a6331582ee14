/** What the service says about the draft while it is being made: one question at a time, the latest counts. */

import { ApiError, sentence } from '../api/client';
import { validateProblem } from '../api/jobs';
import type { FieldError, Validation } from '../api/types';
import type { JsonObject } from './json';

export const PAUSE_MS = 300;

export class Checking {
  /** Of the last problem that was checked. */
  answer = $state.raw<Validation | null>(null);
  faults = $state.raw<readonly FieldError[]>([]);
  /** Faults beyond those that are told one by one. */
  more = $state(0);
  busy = $state(false);
  /** Why the service could not say anything. */
  trouble = $state<string | null>(null);
  #asked: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Check this problem soon, and forget what was asked before. */
  check(problem: JsonObject, pause = PAUSE_MS): void {
    this.stop();
    this.busy = true;
    const asked = new AbortController();
    this.#asked = asked;
    this.#timer = setTimeout(() => void this.#ask(problem, asked.signal), pause);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.busy = false;
  }

  async #ask(problem: JsonObject, signal: AbortSignal): Promise<void> {
    try {
      const answer = await validateProblem(problem, signal);
      if (signal.aborted) return;
      this.answer = answer;
      this.faults = answer.errors ?? [];
      this.more = answer.more ?? 0;
      this.trouble = null;
    } catch (error) {
      if (signal.aborted) return;
      this.answer = null;
      const told = error instanceof ApiError ? error.errors : [];
      this.faults = told;
      this.more = error instanceof ApiError ? (error.problem.more ?? 0) : 0;
      this.trouble = told.length > 0 ? null : sentence(error);
    }
    this.busy = false;
  }
}
