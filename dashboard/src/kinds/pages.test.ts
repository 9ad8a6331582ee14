// @vitest-environment jsdom
import { cleanup, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Job, Result } from '../api/types';
import type JobRowType from '../jobs/JobRow.svelte';
import { madeEvaluation, madeProblem, madeProperties } from '../job/made';
import type JobPageType from '../pages/JobPage.svelte';

const AT = '2026-01-01T12:00:00Z';

let JobPage: typeof JobPageType;
let JobRow: typeof JobRowType;

// The modules look at the theme when they are loaded, which jsdom does not have.
beforeAll(async () => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }));
  ({ default: JobPage } = await import('../pages/JobPage.svelte'));
  ({ default: JobRow } = await import('../jobs/JobRow.svelte'));
  await import('./unknown/Page.svelte'); // compiling it must not count as waiting for it
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const evaluation = madeEvaluation({ mix: { Cu: 0.5, Au: 0.5 } }, { lattice_a: 3.9 });

function jobOf(kind: string, state = 'succeeded'): Job {
  return {
    id: 'j',
    name: 'CuAu',
    kind,
    state,
    progress: {
      evaluations_done: 12,
      evaluations_planned: 12,
      best: {
        index: 0,
        loss: 1,
        composition: { mix: { Cu: 1 } },
        properties: { lattice_a: 3.6 },
        targets: [],
      },
      trace: [],
      front: [],
      doing: [],
    },
    cancel_requested: false,
    priority: 'normal',
    time_limit: null,
    created_at: AT,
    started_at: AT,
    finished_at: AT,
    failure: null,
    notice: null,
    problem: madeProblem({ kind: kind as never, objectives: [] }),
  } as unknown as Job;
}

const result = {
  kind: 'melt',
  best: null,
  front: [],
  evaluations: [evaluation],
  answer: { estimates: [{ name: 'bar', value: -0.1 }] },
  stopped: { reason: 'completed', message: 'all 12 decorations are computed' },
  active_constraints: [],
  targets: [],
  verification: null,
  notes: [],
  cost: { evaluations: 1, potential_calls: 9, shared_calls: 42, seconds: 0.5 },
  reading: [{ role: 'stopped', text: 'stopped: completed. all 12 decorations are computed' }],
} as unknown as Result;

/** A service with one finished job of a kind that it knows and the dashboard does not. */
function serve(job: Job) {
  const events = `event: evaluation\ndata: ${JSON.stringify({ index: 0, evaluation, at: AT })}\nid: 1\n\n`;
  let streams = 0;
  vi.stubGlobal('fetch', async (url: string) => {
    const path = new URL(url).pathname;
    if (path.endsWith('/events'))
      return (streams += 1) === 1 ? new Response(events) : new Response(null, { status: 204 });
    if (path.endsWith('/result')) return Response.json(result);
    if (path.endsWith('/properties')) return Response.json({ properties: madeProperties() });
    if (path.endsWith('/kinds'))
      return Response.json({
        kinds: [{ name: 'melt', summary: 'Melt crystals.', fields: [], searches: false, views: [] }],
      });
    return Response.json(job);
  });
}

describe('a job of a kind that the dashboard does not know', () => {
  it('has a page that says so and shows progress, answer, evaluations and problem as they are', async () => {
    serve(jobOf('melt'));
    render(JobPage, { id: 'j' });
    expect(await screen.findByText('This dashboard does not know jobs of kind melt yet')).toBeTruthy();
    expect(await screen.findByText(/Melt crystals/)).toBeTruthy();
    expect(screen.getByText('12 done')).toBeTruthy();
    expect((await screen.findByRole('region', { name: 'Raw answer' })).textContent).toContain(
      '"name": "bar"',
    );
    expect(screen.getByText(/all 12 decorations are computed/)).toBeTruthy();
    expect(await screen.findByText('1 evaluation')).toBeTruthy();
    expect(screen.getByRole('tab', { name: 'Problem' })).toBeTruthy();
  });

  it('has nothing of a search on its page', async () => {
    serve(jobOf('melt'));
    const { container } = render(JobPage, { id: 'j' });
    await screen.findByText('This dashboard does not know jobs of kind melt yet');
    expect(container.textContent).not.toMatch(/at most|best so far|on the front|convergence|search/i);
  });

  it('has a row that says so, and not the best of something else', () => {
    const body = document.createElement('table').createTBody();
    document.body.append(body.parentElement!);
    const props = {
      job: jobOf('melt', 'running'),
      properties: madeProperties(),
      cancel: () => undefined,
      remove: () => undefined,
      written: () => undefined,
      chosen: false,
      choose: () => undefined,
      busy: false,
    };
    render(JobRow, { target: body, props });
    const row = within(body).getByRole('row');
    expect(row.textContent).toContain('12 of 12 done');
    expect(row.textContent).toContain('this dashboard does not know this kind yet');
    expect(row.textContent).not.toContain('lattice_a');
    body.parentElement!.remove();
  });
});
