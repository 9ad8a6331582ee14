// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FROM_NOW } from '../api/follow';
import { Listing, MOST_FOLLOWED } from './listing.svelte';

const progress = (done: number) => ({
  evaluations_done: done,
  evaluations_planned: 40,
  best: null,
  trace: [],
});

/** A service of jobs in these states, whose event streams stay open; what was asked for, and the streams by job. */
function serve(states: Record<string, string>) {
  const lists: string[] = [];
  const streams = new Map<
    string,
    { say: (text: string) => void; after: string | null; signal: AbortSignal }
  >();
  vi.stubGlobal('fetch', async (url: string, options: RequestInit) => {
    const id = /jobs\/(.+)\/events$/.exec(new URL(url, 'http://localhost').pathname)?.[1];
    if (id === undefined) {
      lists.push(url);
      const items = Object.entries(states).map(([id, state]) => ({
        id,
        name: id,
        state,
        progress: progress(1),
      }));
      return Response.json({ items, next_cursor: null });
    }
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        streams.set(id, {
          say: (text) => controller.enqueue(new TextEncoder().encode(text)),
          after: new Headers(options.headers).get('Last-Event-ID'),
          signal: options.signal!,
        });
      },
    });
    return new Response(body);
  });
  return { lists, streams };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 30));

afterEach(() => vi.unstubAllGlobals());

describe('Listing', () => {
  it('shows progress from the events of a job without asking for the list again', async () => {
    const { lists, streams } = serve({ a: 'running', b: 'succeeded' });
    const listing = new Listing();
    listing.want({ states: [], search: '', starred: false, tags: [], array: '', cursor: undefined });
    await settled();
    expect([...streams.keys()]).toEqual(['a']);
    expect(streams.get('a')!.after).toBe(FROM_NOW);
    const before = lists.length;
    streams.get('a')!.say(`event: progress\ndata: ${JSON.stringify({ progress: progress(7) })}\nid: 9\n\n`);
    await settled();
    expect(listing.jobs!.map((job) => job.progress.evaluations_done)).toEqual([7, 1]);
    expect(lists.length).toBe(before);
    listing.close();
  });

  it('asks for the list at a change of state, and stops following what is over', async () => {
    const states: Record<string, string> = { a: 'running' };
    const { lists, streams } = serve(states);
    const listing = new Listing();
    listing.want({ states: [], search: '', starred: false, tags: [], array: '', cursor: undefined });
    await settled();
    const before = lists.length;
    states.a = 'succeeded';
    streams.get('a')!.say(`event: state\ndata: ${JSON.stringify({ state: 'succeeded' })}\nid: 10\n\n`);
    await settled();
    expect(lists.length).toBe(before + 1);
    expect(listing.jobs![0]!.state).toBe('succeeded');
    expect(streams.get('a')!.signal.aborted).toBe(true);
    listing.close();
  });

  it('leaves connections for the rest of the page, and closes its own', async () => {
    const { streams } = serve({ a: 'running', b: 'queued', c: 'paused', d: 'running' });
    const listing = new Listing();
    listing.want({ states: [], search: '', starred: false, tags: [], array: '', cursor: undefined });
    await settled();
    expect([...streams.keys()]).toHaveLength(MOST_FOLLOWED);
    listing.close();
    expect([...streams.values()].every(({ signal }) => signal.aborted)).toBe(true);
  });

  it('tells the states of an array together', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', (address: string | URL) => {
      asked.push(String(address));
      const body = String(address).includes('/v1/arrays/')
        ? { id: 'x', states: { succeeded: 2, failed: 1 }, items: [] }
        : { items: [], next_cursor: null };
      return Promise.resolve(Response.json(body));
    });
    const listing = new Listing();
    listing.want({ states: [], search: '', starred: false, tags: [], array: 'x', cursor: undefined });
    await settled();
    expect(asked.some((address) => address.includes('/v1/jobs?') && address.includes('array=x'))).toBe(true);
    expect(listing.together).toEqual({ succeeded: 2, failed: 1 });
    listing.want({ states: [], search: '', starred: false, tags: [], array: '', cursor: undefined });
    await settled();
    expect(listing.together).toBeNull();
    listing.close();
  });
});
