// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { madeEvaluation, madeProblem } from './made';
import { JobStore } from './store.svelte';

const AT = '2026-01-01T12:00:00Z';

function sse(events: [string, object][], from = 0): string {
  return events
    .map(
      ([name, data], k) =>
        `event: ${name}\ndata: ${JSON.stringify({ at: AT, ...data })}\nid: ${from + k + 1}\n\n`,
    )
    .join('');
}

const made = (index: number): [string, object] => [
  'evaluation',
  {
    index,
    evaluation: madeEvaluation(
      { cation: { Al: 1 - index / 1e4, Sc: index / 1e4 } },
      { lattice_a: 3 + index / 1e4 },
    ),
  },
];

const progress = (done: number): [string, object] => [
  'progress',
  { progress: { evaluations_done: done, evaluations_planned: 40, best: null, trace: [], doing: [] } },
];

function job(state: string, done: number) {
  return {
    id: 'j',
    name: 'made',
    kind: 'optimize',
    state,
    progress: {
      evaluations_done: done,
      evaluations_planned: 40,
      best: null,
      trace: [],
      doing: [] as string[],
    },
    cancel_requested: false,
    priority: 'normal',
    time_limit: null,
    created_at: AT,
    started_at: AT,
    finished_at: null,
    failure: null,
    problem: madeProblem(),
  };
}

/** A service whose event streams are given one after the other; the last address asked for ends the job. */
function serve(streams: string[], states: string[], result: object | null) {
  const asked: string[] = [];
  let reads = 0;
  vi.stubGlobal('fetch', async (url: string) => {
    const path = new URL(url).pathname;
    asked.push(path);
    if (path.endsWith('/events')) {
      const next = streams.shift();
      return next === undefined ? new Response(null, { status: 204 }) : new Response(next);
    }
    if (path.endsWith('/result')) {
      return result
        ? Response.json(result)
        : Response.json({ type: 'urn:x:failed', title: 'failed', status: 409 }, { status: 409 });
    }
    return Response.json(job(states[Math.min(reads++, states.length - 1)]!, 0));
  });
  return asked;
}

beforeEach(() => void vi.useFakeTimers());

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the store of a job', () => {
  it('builds the job from its events, reads the result at the end, and stops listening', async () => {
    const asked = serve(
      [
        sse([['state', { state: 'running', message: null }], made(0), progress(1)]),
        sse([made(1), progress(2), ['state', { state: 'succeeded', message: 'met' }]], 3),
      ],
      ['queued', 'succeeded'],
      { kind: 'optimize', targets: [3.2] },
    );
    const store = new JobStore('j');
    await vi.runAllTimersAsync();
    expect(store.points.map(({ index }) => index)).toEqual([0, 1]);
    expect(store.job?.state).toBe('succeeded');
    expect(store.result?.targets).toEqual([3.2]);
    expect(store.connection.phase).toBe('ended');
    expect(store.error).toBeNull();
    expect(asked.filter((path) => path.endsWith('/events'))).toHaveLength(3);
    store.close();
  });

  it('shows five thousand evaluations in few redraws, however many pieces they come in', async () => {
    const events: [string, object][] = [['state', { state: 'running', message: null }]];
    for (let index = 0; index < 5000; index += 1) events.push(made(index));
    events.push(progress(5000), ['state', { state: 'succeeded', message: null }]);
    const text = sse(events);
    const pieces: string[] = [];
    for (let k = 0; k < text.length; k += 20_000) pieces.push(text.slice(k, k + 20_000));
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) controller.close();
        else {
          await new Promise((resolve) => setTimeout(resolve, 5));
          controller.enqueue(new TextEncoder().encode(piece));
        }
      },
    });
    serve([], ['running', 'succeeded'], { kind: 'optimize', targets: [] });
    const plain = globalThis.fetch;
    let first = true;
    vi.stubGlobal('fetch', async (url: string, options: RequestInit) => {
      if (first && url.endsWith('/events')) {
        first = false;
        return new Response(body);
      }
      return plain(url, options);
    });
    const store = new JobStore('j');
    let redraws = 0;
    let last: unknown = null;
    for (let k = 0; k < 4000 && store.connection.phase !== 'ended'; k += 1) {
      await vi.advanceTimersByTimeAsync(5);
      if (store.points !== last) {
        last = store.points;
        redraws += 1;
      }
    }
    await vi.runAllTimersAsync();
    expect(store.points).toHaveLength(5000);
    expect(redraws).toBeLessThan(40);
    store.close();
  });

  it('says what is being done and why nothing is, also while no event comes', async () => {
    let reads = 0;
    vi.stubGlobal('fetch', async (url: string) => {
      if (new URL(url).pathname.endsWith('/events')) return new Response(new ReadableStream());
      const read = job('running', 0);
      reads += 1;
      if (reads === 1) return Response.json(read);
      read.progress.doing = reads === 2 ? ['relaxing the reference Mn, 58 atoms'] : [];
      return Response.json({ ...read, notice: reads === 2 ? null : 'No worker is there' });
    });
    const store = new JobStore('j');
    await vi.advanceTimersByTimeAsync(4000);
    expect(store.job?.progress.doing).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(store.job?.progress.doing).toEqual(['relaxing the reference Mn, 58 atoms']);
    await vi.advanceTimersByTimeAsync(5000);
    expect(store.job?.progress.doing).toEqual([]);
    expect(store.job?.notice).toBe('No worker is there');
    store.close();
  });

  it('does not take a failed job without a result for an error of the page', async () => {
    serve([sse([['state', { state: 'failed', message: 'it broke' }]])], ['failed'], null);
    const store = new JobStore('j');
    await vi.runAllTimersAsync();
    expect(store.error).toBeNull();
    expect(store.result).toBeNull();
    expect(store.message).toBe('it broke');
    store.close();
  });
});
