/** Following a job: its events by a streamed fetch (EventSource cannot carry a key), resumed for as long as it takes. */

import { ApiError, respond } from './client';
import { EventParser, type ServerEvent } from './sse';

/** Whether what is shown is up to date: `since` is when (ms since 1970) it stopped being so, or began. */
export interface Connection {
  phase: 'connecting' | 'live' | 'reconnecting' | 'offline' | 'ended' | 'refused';
  since: number;
}

export interface Follower {
  /** Events in order, as many as came at once. */
  events: (batch: ServerEvent[]) => void;
  connection: (now: Connection) => void;
  /** The service refuses for good: no such job, no key. */
  refused: (error: ApiError) => void;
}

/** The server speaks every 10 s at least; silence beyond this means the connection is gone. */
export const SILENCE_MS = 25_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** Milliseconds before attempt `failures` + 1, doubled each time, with some chance so that clients spread out. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
  return most * (0.6 + 0.4 * random());
}

/** Beyond the number of any event: where a stream begins that is to tell only what is new. */
export const FROM_NOW = '9999999999';

/** Follow the events of a job after `lastId`, by default all, until it is finished or `signal` is aborted. */
export async function follow(
  id: string,
  follower: Follower,
  signal: AbortSignal,
  lastId = '',
): Promise<void> {
  const path = `/v1/jobs/${encodeURIComponent(id)}/events`;
  let failures = 0;
  let lost: number | null = null;
  follower.connection({ phase: 'connecting', since: Date.now() });
  while (!signal.aborted) {
    try {
      const ended = await once(path, lastId, signal, {
        open: () => {
          failures = 0;
          lost = null;
          follower.connection({ phase: 'live', since: Date.now() });
        },
        batch: (events) => {
          lastId = events.at(-1)!.id;
          follower.events(events);
        },
      });
      if (ended) {
        follower.connection({ phase: 'ended', since: Date.now() });
        return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
        follower.connection({ phase: 'refused', since: Date.now() });
        follower.refused(error);
        return;
      }
      failures += 1;
      lost ??= Date.now();
      follower.connection({ phase: navigator.onLine ? 'reconnecting' : 'offline', since: lost });
    }
    await pause(failures === 0 ? 100 : backoff(failures - 1), signal);
  }
}

interface Progress {
  open: () => void;
  batch: (events: ServerEvent[]) => void;
}

/** One connection; true if the job is finished and everything was read. */
async function once(path: string, lastId: string, signal: AbortSignal, progress: Progress): Promise<boolean> {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener('abort', abort);
  let silence = setTimeout(abort, SILENCE_MS);
  try {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (lastId !== '') headers['Last-Event-ID'] = lastId;
    const response = await respond(path, { headers, signal: attempt.signal });
    if (response.status === 204) return true;
    progress.open();
    const parser = new EventParser(lastId);
    const decoder = new TextDecoder();
    const reader = response.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false; // connect again: either there is more, or the answer will be 204
      clearTimeout(silence);
      silence = setTimeout(abort, SILENCE_MS);
      const events = parser.feed(decoder.decode(value, { stream: true }));
      if (events.length > 0) progress.batch(events);
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
    attempt.abort();
  }
}

/** Wait, but not beyond the moment that the network is back or nobody follows any more. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}
