// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Job, Verification } from '../api/types';
import { Units } from '../format/units';
import { madeProblem, madeProperties } from './made';
import VerificationTable from './VerificationTable.svelte';
import VerifyBar from './VerifyBar.svelte';
import type { JobView } from './view.svelte';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const AT = { cation: { Al: 0.7725, Sc: 0.2275 } };
const view = { units: new Units(madeProperties()) } as unknown as JobView;

function entry(property: string, more: Partial<Verification> = {}): Verification {
  return {
    property,
    unit: 'Å',
    evaluation: 1,
    composition: AT,
    alchemical: 3.21745,
    tier: 'mean_field',
    explicit: { value: 3.22066, spread: 0.00026, decorations: 2 },
    at_answer: 3.22293,
    difference: 0.00547,
    tolerance: 0.001,
    holds: false,
    composition_would_move: { cation: { Al: 0.0127, Sc: -0.0127 } },
    text: `${property} does not hold: 3.2229(3) Å in 2 supercells of 18 sites against 3.2175 Å alchemically`,
    supercells: [0, 1].map((decoration) => ({
      decoration,
      composition: { cation: { Al: 0.7778, Sc: 0.2222 } },
      sites: { cation: 18 },
      converged: true,
      potential_calls: 7 - decoration,
      largest_displacement: 0.18459,
      left_parent: decoration === 1,
      warren_cowley: [
        { sublattice: 'cation', elements: ['Al', 'Sc'], shell: 1, distance: 3.19, value: -0.0179 },
        { sublattice: 'cation', elements: ['Al', 'Sc'], shell: 2, distance: 4.51, value: -0.0714 },
      ],
      structure: null,
      message: decoration === 1 ? 'the crystal left the parent lattice' : null,
    })),
    ...more,
  };
}

describe('what explicit supercells say', () => {
  it('is said in numbers, property by property', () => {
    const volume = entry('volume', { holds: null, tolerance: null, at_answer: null, difference: null });
    render(VerificationTable, {
      view,
      verification: [entry('lattice_a'), { ...volume, composition_would_move: null }],
    });
    const table = screen.getByRole('table', { name: 'Properties in explicit supercells' });
    const [, mine, other] = within(table).getAllByRole('row');
    expect(mine!.textContent).toMatch(/3\.21745.*3\.22066\s±\s0\.0003.*3\.22293.*\+0\.0055.*0\.0010/s);
    expect(mine!.textContent).toContain('Al +0.013 Sc −0.013');
    expect(other!.textContent).toContain('not decided');
  });

  it('shows of each supercell what it holds, how far atoms moved, and its short-range order', () => {
    render(VerificationTable, { view, verification: [entry('lattice_a')] });
    const [, first, second] = within(screen.getByRole('table', { name: 'Explicit supercells' })).getAllByRole(
      'row',
    );
    expect(first!.textContent).toMatch(/Al 0\.7778 Sc 0\.2222.*18.*7.*0\.18 Å.*kept.*Al–Sc −0\.02/s);
    expect(second!.textContent).toMatch(/left.*the crystal left the parent lattice/s);
  });

  it('keeps evaluations apart where several were verified, and says so where none was', () => {
    const { unmount } = render(VerificationTable, {
      view,
      verification: [entry('lattice_a'), entry('lattice_a', { evaluation: 4 })],
    });
    expect(screen.getByRole('region', { name: 'Verification of evaluation 2' })).toBeTruthy();
    expect(screen.getByText('Evaluation 5: Al 0.7725 Sc 0.2275')).toBeTruthy();
    unmount();
    render(VerificationTable, { view, verification: [] });
    expect(screen.getByText(/No explicit supercell has been relaxed/)).toBeTruthy();
  });
});

function finished(more: Partial<Job> = {}): Job {
  return {
    id: 'j',
    name: 'made',
    kind: 'optimize',
    state: 'succeeded',
    parent: null,
    problem: madeProblem(),
    ...more,
  } as unknown as Job;
}

/** A service that verifies jobs of one kind; what it was asked to verify. */
function serve(answer: () => Response, children: Partial<Job>[] = []): unknown[] {
  const asked: unknown[] = [];
  vi.stubGlobal('fetch', async (url: string, { method, body }: RequestInit) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname.endsWith('/kinds'))
      return Response.json({
        kinds: ['optimize', 'order'].map((name) => ({
          name,
          summary: '',
          fields: name === 'order' ? ['structure'] : ['structure', 'verify'],
          searches: false,
          counts: '',
          views: [],
        })),
      });
    if (method === 'POST') {
      asked.push([pathname, JSON.parse(body as string)]);
      return answer();
    }
    return Response.json({ items: searchParams.get('parent') === 'j' ? children : [], next_cursor: null });
  });
  return asked;
}

describe('verifying a finished job', () => {
  it('asks for as many supercells of as many sites as are typed, and goes to the job that does it', async () => {
    const asked = serve(() => Response.json({ ...finished(), id: 'k', parent: 'j' }, { status: 202 }));
    render(VerifyBar, { job: finished() });
    await fireEvent.input(await screen.findByLabelText('Supercells'), { target: { value: '3' } });
    await fireEvent.input(screen.getByLabelText('Mixed sites'), { target: { value: '16' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Verify with supercells' }));
    await vi.waitFor(() => expect(location.hash).toBe('#/jobs/k'));
    expect(asked).toEqual([['/v1/jobs/j/verify', { supercells: 3, sites: 16 }]]);
  });

  it('says what the service has against it', async () => {
    serve(() =>
      Response.json(
        {
          type: 'x:composition-not-held',
          title: 'No',
          status: 422,
          errors: [{ pointer: '/sites', message: 'take sites: 64' }],
        },
        { status: 422 },
      ),
    );
    render(VerifyBar, { job: finished() });
    await fireEvent.click(await screen.findByRole('button', { name: 'Verify with supercells' }));
    expect((await screen.findByRole('alert')).textContent).toBe('/sites: take sites: 64');
  });

  it('links the jobs that came of it: those that verify it, and evaluations beside it', async () => {
    serve(
      () => Response.json({}),
      [
        { id: 'k', name: 'made, verified', state: 'running' },
        { id: 'l', name: 'made, at Sc 0.25', state: 'succeeded' },
      ],
    );
    render(VerifyBar, { job: finished() });
    const link = await screen.findByRole('link', { name: 'made, verified' });
    expect(link.getAttribute('href')).toBe('#/jobs/k');
    expect(link.parentElement!.textContent.replaceAll(/\s+/g, ' ').trim()).toBe(
      'Jobs that came of it: made, verified (running), made, at Sc 0.25 (finished).',
    );
  });

  it.each([
    [
      'that verifies',
      madeProblem({ verify: { supercells: 2, sites: 32 } } as never),
      /^Verifies the answer of/,
    ],
    ['that evaluates', madeProblem(), /^Evaluates compositions as/],
  ])('a job %s says so and links the other', (_, problem, words) => {
    serve(() => Response.json({}));
    render(VerifyBar, { job: finished({ id: 'k', parent: 'j', state: 'running', problem }) });
    const link = screen.getByRole('link', { name: 'another job' });
    expect(link.getAttribute('href')).toBe('#/jobs/j');
    expect(link.parentElement!.textContent.trim()).toMatch(words);
    expect(screen.queryByRole('button')).toBeNull();
  });

  it.each([
    ['while it runs', { state: 'running' }],
    ['where it failed', { state: 'failed' }],
    ['of a kind that is not verified', { kind: 'order' }],
    ['of a plain crystal', { problem: madeProblem({ sublattices: [] }) }],
  ])('is not offered %s', async (_, more) => {
    serve(() => Response.json({}));
    render(VerifyBar, { job: finished(more as Partial<Job>) });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(screen.queryByRole('button')).toBeNull();
  });
});
