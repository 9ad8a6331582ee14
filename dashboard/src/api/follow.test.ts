// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from './follow';
import { backoff, follow } from './follow';
import type { ServerEvent } from './sse';

function stream(text: string, broken = false): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (broken) controller.error(new TypeError('network error'));
      else controller.close();
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}

async function followed(answers: (() => Response | Promise<Response>)[]) {
  const asked: (string | null)[] = [];
  vi.stubGlobal('fetch', async (_url: string, options: RequestInit) => {
    asked.push(new Headers(options.headers).get('Last-Event-ID'));
    return answers.shift()!();
  });
  vi.useFakeTimers();
  const events: ServerEvent[] = [];
  const phases: Connection['phase'][] = [];
  let refused: number | null = null;
  const done = follow(
    'j',
    {
      events: (batch) => events.push(...batch),
      connection: ({ phase }) => phases.push(phase),
      refused: (error) => (refused = error.status),
    },
    new AbortController().signal,
  );
  await vi.runAllTimersAsync();
  await done;
  return { asked, events, phases, refused };
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('following a job', () => {
  it('resumes after the last event that was read when the connection breaks, and says so meanwhile', async () => {
    const { asked, events, phases } = await followed([
      () => stream('event: state\ndata: 1\nid: 1\n\n'),
      () => Promise.reject(new TypeError('refused')),
      () => new Response('{"type":"x","title":"busy","status":503}', { status: 503 }),
      () => stream('event: state\ndata: 2\nid: 2\n\n'),
      () => new Response(null, { status: 204 }),
    ]);
    expect(asked).toEqual([null, '1', '1', '1', '2']);
    expect(events.map((event) => event.data)).toEqual(['1', '2']);
    expect(phases).toEqual(['connecting', 'live', 'reconnecting', 'reconnecting', 'live', 'ended']);
  });

  it('gives up when the service says that there is no such job', async () => {
    const { phases, refused } = await followed([
      () => new Response('{"type":"urn:x:not-found","title":"No such job","status":404}', { status: 404 }),
    ]);
    expect(refused).toBe(404);
    expect(phases.at(-1)).toBe('refused');
  });

  it('waits twice as long after each failure, up to a quarter of a minute', () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7].map((failures) => backoff(failures, () => 1));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
    expect(backoff(0, () => 0)).toBeCloseTo(300);
  });
});
