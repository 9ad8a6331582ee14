// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JobStore } from './store.svelte';
import Unread from './Unread.svelte';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** A service that answers so, one call after the other. */
function serve(...answers: [status: number, body: object][]) {
  vi.stubGlobal('fetch', async (url: string) => {
    if (new URL(url).pathname.endsWith('/events')) return new Response(new ReadableStream());
    const [status, body] = answers.shift()!;
    return Response.json(body, { status });
  });
}

describe('in place of a job', () => {
  it('a job that is gone is not tried again', async () => {
    serve([404, { type: 'x:not-found', title: 'Not found', status: 404, detail: 'no job j' }]);
    const store = new JobStore('j');
    render(Unread, { store });
    expect(screen.getByRole('status').textContent).toContain('Reading the job…');
    expect((await screen.findByRole('alert')).textContent).toMatch(/There is no such job\s+It may have/);
    expect(store.gone).toBe(true);
    expect(screen.queryByRole('button')).toBeNull();
    expect(screen.getByRole('link', { name: 'All jobs' }).getAttribute('href')).toBe('#/');
    store.close();
  });

  it('a call that failed says why, and gives way to the job when it is tried again', async () => {
    serve(
      [500, { type: 'x:broken', title: 'Broken', status: 500, detail: 'the disk is full' }],
      [200, { id: 'j', state: 'running', progress: { evaluations_done: 0, doing: [] } }],
    );
    const store = new JobStore('j');
    const { container } = render(Unread, { store });
    expect((await screen.findByRole('alert')).textContent).toMatch(/cannot be shown.*the disk is full/s);
    await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await vi.waitFor(() => expect(container.textContent.trim()).toBe(''));
    expect(store.job?.state).toBe('running');
    store.close();
  });
});
