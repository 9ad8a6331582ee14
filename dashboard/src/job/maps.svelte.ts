/** Surrogate maps of a job: asked for politely, kept while a newer one is awaited, with what they have learned from. */

import { ApiError, sentence } from '../api/client';
import { readMap } from '../api/jobs';
import { isFinal, type SurrogateMap } from '../api/types';
import type { JobStore } from './store.svelte';

/** Seconds between looks for a newer map while evaluations come. */
const AGAIN_SECONDS = 4;
/** After the end of a job, so often: the last map comes soon or not at all. */
const MOST_LOOKS_AFTER_THE_END = 8;

export class SurrogateField {
  map = $state.raw<SurrogateMap | null>(null);
  /** What is going on, where there is no up-to-date map: computing, or why there is none. */
  note = $state<string | null>(null);

  constructor(
    readonly property: string,
    readonly over: string,
    /** Through which composition. */
    readonly at: string,
  ) {}
}

export class SurrogateFields {
  #known = new Map<string, SurrogateField>();
  #kept = new Map<SurrogateField, { users: number; stop: AbortController }>();

  constructor(readonly store: JobStore) {}

  get(property: string, over: string, at = 'incumbent'): SurrogateField {
    const key = `${property} ${over} ${at}`;
    const known = this.#known.get(key);
    if (known) return known;
    const field = new SurrogateField(property, over, at);
    this.#known.set(key, field);
    return field;
  }

  /** The map of a property that has learned most, over whichever elements; null where there is none. */
  newest(property: string): SurrogateMap | null {
    let newest: SurrogateMap | null = null;
    for (const field of this.#known.values()) {
      if (field.property !== property || field.map === null) continue;
      if (newest === null || field.map.evaluations > newest.evaluations) newest = field.map;
    }
    return newest;
  }

  /** Keep a field up to date until `signal` is aborted; the service is asked once for all who want the same. */
  keep(field: SurrogateField, signal: AbortSignal): void {
    const kept = this.#kept.get(field) ?? { users: 0, stop: new AbortController() };
    const forget = () => {
      if (this.#kept.get(field) === kept) this.#kept.delete(field);
    };
    if (kept.users === 0) {
      this.#kept.set(field, kept);
      void this.#follow(field, kept.stop.signal).finally(forget);
    }
    kept.users += 1;
    signal.addEventListener(
      'abort',
      () => {
        kept.users -= 1;
        if (kept.users > 0) return;
        forget();
        kept.stop.abort();
      },
      { once: true },
    );
  }

  async #follow(field: SurrogateField, signal: AbortSignal): Promise<void> {
    let looksAfterTheEnd = 0;
    while (!signal.aborted) {
      let wait = AGAIN_SECONDS;
      try {
        const answer = await readMap(
          this.store.id,
          { property: field.property, over: field.over, at: field.at },
          signal,
        );
        if ('map' in answer) {
          field.map = answer.map;
          field.note = null;
        } else {
          field.note = 'the surrogate is being fitted…';
          wait = answer.wait;
        }
      } catch (error) {
        if (signal.aborted) return;
        const settled = this.#final();
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
          field.note = sentence(error);
          if (settled) return;
        } else {
          field.note = 'the surrogate cannot be read just now';
          wait = error instanceof ApiError ? (error.retryAfter ?? 2 * AGAIN_SECONDS) : 2 * AGAIN_SECONDS;
        }
      }
      if (this.#final()) {
        const converged = this.store.points.filter(({ evaluation }) => evaluation.converged).length;
        if (field.map !== null && field.map.evaluations >= converged && this.store.points.length > 0) return;
        looksAfterTheEnd += 1;
        if (looksAfterTheEnd > MOST_LOOKS_AFTER_THE_END && field.map !== null) return;
        if (looksAfterTheEnd > 10 * MOST_LOOKS_AFTER_THE_END) return;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
    }
  }

  #final(): boolean {
    return this.store.job !== null && isFinal(this.store.job.state);
  }
}
