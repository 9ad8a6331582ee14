// @vitest-environment jsdom
import { cleanup, configure, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { apiKey } from '../api/key.svelte';
import type { Job } from '../api/types';
import JobsPage from '../pages/JobsPage.svelte';
import { router } from '../router/router.svelte';

vi.mock('./starters', () => ({
  // the examples lie outside of what is served to tests
  STARTERS: [{ title: 'Match a lattice', text: '', takes: 'about 10 s', problem: { kind: 'optimize' } }],
}));

const job = (id: string, state: Job['state'], more: Partial<Job> = {}): Job => ({
  id,
  name: `job ${id}`,
  kind: 'optimize',
  state,
  progress: { evaluations_done: 1, evaluations_planned: 4, best: null, trace: [], front: [], doing: [] },
  cancel_requested: false,
  priority: 'normal',
  after: [],
  takes_answer: false,
  waiting: false,
  created_at: '2026-01-01T00:00:00Z',
  tags: [],
  note: '',
  starred: false,
  ...more,
});

const HANG_MS = 120_000;
configure({ asyncUtilTimeout: HANG_MS / 2 }); // a busy machine takes its time

let stored: Job[] = [];
let sent: { method: string; path: string; body: unknown }[] = [];
let refused: Record<string, Response> = {};

async function serve(url: string, options: RequestInit): Promise<Response> {
  const { pathname, search } = new URL(url, 'http://localhost');
  const method = options.method ?? 'GET';
  if (method !== 'GET') {
    sent.push({ method, path: pathname, body: options.body ? JSON.parse(String(options.body)) : null });
  }
  const answer = refused[`${method} ${pathname}`];
  if (answer) return answer.clone();
  if (pathname.endsWith('/events')) return new Response(new ReadableStream());
  if (pathname === '/v1/jobs' && method === 'POST') return Response.json(job('new', 'queued'));
  if (pathname === '/v1/jobs') {
    const part = new URLSearchParams(search).get('search') ?? '';
    const items = stored.filter(({ name, note }) => name.includes(part) || (note ?? '').includes(part));
    return Response.json({ items, next_cursor: null });
  }
  if (!pathname.startsWith('/v1/jobs/')) return Response.json({ properties: [] });
  const id = pathname.split('/')[3]!;
  if (method === 'DELETE') stored = stored.filter((one) => one.id !== id);
  if (method === 'PATCH') {
    const labels = JSON.parse(String(options.body)) as Partial<Job>;
    stored = stored.map((one) => (one.id === id ? { ...one, ...labels } : one));
  }
  if (method === 'DELETE') return new Response(null, { status: 204 });
  return Response.json(stored.find((one) => one.id === id));
}

function problem(status: number, slug: string, detail: string): Response {
  const body = { type: `urn:orichalcum:problem:${slug}`, title: detail, status, detail, errors: [], more: 0 };
  return Response.json(body, { status });
}

beforeEach(() => {
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  stored = [
    job('a', 'succeeded', { note: 'first', tags: ['talk'] }),
    job('b', 'running'),
    job('c', 'failed'),
  ];
  [sent, refused] = [[], {}];
  router.route = { page: 'jobs', query: new URLSearchParams() };
  vi.stubGlobal('fetch', serve);
});

afterEach(() => {
  cleanup();
  apiKey.refuse();
  vi.unstubAllGlobals();
});

const choose = async (name: string) => fireEvent.click(await screen.findByLabelText(`Choose ${name}`));

describe('the list of jobs', { timeout: HANG_MS }, () => {
  it('writes name, note and tags where they stand, and stars', async () => {
    render(JobsPage);
    await fireEvent.click(await screen.findByRole('button', { name: /^Edit\s*job a$/ }));
    const form = within(screen.getByRole('form', { name: 'What is written on job a' }));
    const note = form.getByLabelText<HTMLTextAreaElement>('Note');
    expect(note.value).toBe('first');
    await fireEvent.input(note, { target: { value: 'second' } });
    await fireEvent.click(form.getByRole('button', { name: /^talk ×/ }));
    await fireEvent.input(form.getByLabelText('Tags'), { target: { value: 'grün' } });
    await fireEvent.click(form.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('second')).toBeTruthy();
    expect(screen.getByRole('link', { name: 'grün' }).getAttribute('href')).toBe('#/?tag=gr%C3%BCn');
    const patch = { method: 'PATCH', path: '/v1/jobs/a' };
    expect(sent).toEqual([{ ...patch, body: { note: 'second', tags: ['grün'] } }]);
    const star = screen.getByRole('button', { name: 'Star job a' });
    await fireEvent.click(star);
    await waitFor(() => expect(star.getAttribute('aria-pressed')).toBe('true'));
    expect(sent[1]).toEqual({ ...patch, body: { starred: true } });
  });

  it('keeps what was typed where the service refuses it, and says why', async () => {
    refused['PATCH /v1/jobs/a'] = problem(422, 'invalid', 'no such letters');
    render(JobsPage);
    await fireEvent.click(await screen.findByRole('button', { name: /^Edit\s*job a$/ }));
    await fireEvent.input(screen.getByLabelText('Note'), { target: { value: 'new' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect((await screen.findByRole('alert')).textContent).toBe('no such letters');
    expect(screen.getByLabelText<HTMLTextAreaElement>('Note').value).toBe('new');
    await fireEvent.keyDown(screen.getByLabelText('Note'), { key: 'Escape' });
    expect(screen.queryByRole('form')).toBeNull();
  });

  it('compares what is chosen, and deletes what is finished of it after a question', async () => {
    render(JobsPage);
    await choose('job a');
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Compare' }).disabled).toBe(true);
    await choose('job b');
    await choose('job c');
    expect(screen.getByRole('link', { name: 'Compare' }).getAttribute('href')).toBe('#/compare?jobs=a,b,c');
    expect(screen.getByRole('button', { name: 'Cancel 1…' })).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'Delete 2…' }));
    const question = within(screen.getByRole('dialog', { name: 'Delete 2 jobs?' }));
    expect(question.getByText(/1 other job is\s+not finished, and not touched/)).toBeTruthy();
    await fireEvent.click(question.getByRole('button', { name: 'Keep them' }));
    expect(sent).toEqual([]);
    refused['DELETE /v1/jobs/c'] = problem(409, 'job-active', 'the job is running again');
    await fireEvent.click(screen.getByRole('button', { name: 'Delete 2…' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Delete' }));
    const told = await screen.findByText('job c: the job is running again');
    expect(told.closest('[role=alert]')!.textContent).toContain('1 job was not deleted');
    expect(sent.map(({ path }) => path)).toEqual(['/v1/jobs/a', '/v1/jobs/c']);
    await waitFor(() => expect(screen.queryByText('job a')).toBeNull());
    expect(screen.getByText('1 job chosen')).toBeTruthy(); // the one that is left
  });

  it('says what was not found, and how to see all again', async () => {
    router.route = { page: 'jobs', query: new URLSearchParams({ search: 'nowhere' }) };
    render(JobsPage);
    expect(await screen.findByText('No job is with “nowhere” in name, note or tags.')).toBeTruthy();
    const cleared = vi.spyOn(router, 'go').mockImplementation(() => undefined);
    await fireEvent.click(screen.getByRole('button', { name: 'Clear the search' }));
    expect(cleared).toHaveBeenCalledWith('#/');
    cleared.mockRestore();
  });

  it('shows before the first job what there is, and runs an example by a click', async () => {
    stored = [];
    render(JobsPage);
    expect(await screen.findByText('No jobs yet.')).toBeTruthy();
    const went = vi.spyOn(router, 'go').mockImplementation(() => undefined);
    await fireEvent.click(screen.getByRole('button', { name: 'Run: Match a lattice' }));
    await waitFor(() => expect(went).toHaveBeenCalledWith('#/jobs/new'));
    expect(sent[0]).toMatchObject({ method: 'POST', path: '/v1/jobs', body: { kind: 'optimize' } });
    went.mockRestore();
  });

  it('asks once for a key, and says what to do where there is none', async () => {
    refused['GET /v1/jobs'] = problem(401, 'unauthorized', 'this service needs an API key');
    render(JobsPage);
    await waitFor(() => expect(apiKey.asking).not.toBeNull());
    apiKey.refuse();
    expect(await screen.findByText('This service needs an API key')).toBeTruthy();
    await new Promise((resolve) => setTimeout(resolve, 1700)); // longer than the list rests
    expect(apiKey.asking).toBeNull();
    await fireEvent.click(screen.getByRole('button', { name: 'Give a key' }));
    await waitFor(() => expect(apiKey.asking).not.toBeNull());
  });
});
