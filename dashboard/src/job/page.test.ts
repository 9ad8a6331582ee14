// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job, Progress, Result } from '../api/types';
import { frameIn, toPixel, type Shares } from '../plots/ternary';
import type EvaluationsTableType from './EvaluationsTable.svelte';
import type JobHeaderType from './JobHeader.svelte';
import ProvenanceList from './ProvenanceList.svelte';
import { asInABrowser } from './jsdom';
import { madeEvaluation, madeProblem } from './made';
import { measuredOn } from './measured';
import MeasuredTable from './MeasuredTable.svelte';
import type SensitivityTableType from './SensitivityTable.svelte';
import type { Stage } from './stages';
import type { JobStore, Point } from './store.svelte';
import type TernaryPlotType from './TernaryPlot.svelte';
import type { JobView as JobViewType } from './view.svelte';

const WIDTH = 600;

let EvaluationsTable: typeof EvaluationsTableType;
let JobHeader: typeof JobHeaderType;
let SensitivityTable: typeof SensitivityTableType;
let TernaryPlot: typeof TernaryPlotType;
let JobView: typeof JobViewType;

beforeAll(async () => {
  asInABrowser(WIDTH);
  ({ default: EvaluationsTable } = await import('./EvaluationsTable.svelte'));
  ({ default: JobHeader } = await import('./JobHeader.svelte'));
  ({ default: SensitivityTable } = await import('./SensitivityTable.svelte'));
  ({ default: TernaryPlot } = await import('./TernaryPlot.svelte'));
  ({ JobView } = await import('./view.svelte'));
});

afterEach(cleanup);

const problem = madeProblem({
  sublattices: [{ name: 'cation', sites: ['Ga'], elements: { Al: [0, 1], Ga: [0, 1], In: [0, 0.5] } }],
} as never);

function viewOf(points: Point[], best: number | null, doing: string[] = []): JobViewType {
  const progress: Progress = {
    evaluations_done: points.length,
    evaluations_planned: points.length,
    best: best === null ? null : { index: best, loss: 0, composition: {}, properties: {}, targets: [3.2] },
    trace: [],
    front: [],
    doing,
  };
  const job = {
    id: 'j',
    name: 'made',
    kind: 'optimize',
    state: 'running',
    progress,
    problem,
  } as unknown as Job;
  const connection = { phase: 'live', since: 0 };
  const store = { points, job, connection, result: null as Result | null, stages: [] as Stage[] };
  return new JobView(store as unknown as JobStore);
}

function pointsOf(count: number): Point[] {
  return Array.from({ length: count }, (_, index) => {
    const [al, ga] = [(index * 0.754877) % 1, (index * 0.56984) % 1];
    const cation = { Al: al / 2, Ga: ga / 2, In: 1 - al / 2 - ga / 2 };
    return {
      index,
      evaluation: madeEvaluation({ cation }, { lattice_a: 3 + ((index * 37) % count) / count }),
    };
  });
}

describe('the head of a job', () => {
  const done = ['relaxing the reference Mn, 58 atoms', 'evaluating'];

  it('says what is being done while the job runs', () => {
    const view = viewOf([], null, done);
    render(JobHeader, { view, job: view.store.job! });
    const now = within(screen.getByRole('list', { name: 'Now' }));
    expect(now.getAllByRole('listitem').map((line) => line.textContent.trim())).toEqual(done);
    expect(screen.getByText('0 of at most 0 evaluations')).toBeTruthy();
  });

  it('has a clock for each stage, which ticks, and one for a job that waits', async () => {
    vi.useFakeTimers({ now: Date.parse('2026-01-01T12:01:00Z') });
    try {
      const view = viewOf([], null, done);
      const store = view.store as unknown as { stages: Stage[] };
      store.stages = [
        { words: done[0]!, since: '2026-01-01T12:00:00Z' },
        { words: done[1]!, since: '2026-01-01T12:00:52Z' },
      ];
      const { unmount } = render(JobHeader, { view, job: view.store.job! });
      const lines = () => screen.getAllByRole('listitem').map((line) => line.textContent.trim());
      expect(lines()).toEqual([`${done[0]}, for 1 min`, `${done[1]}, for 8 s`]);
      await vi.advanceTimersByTimeAsync(3000);
      expect(lines()).toEqual([`${done[0]}, for 1 min 3 s`, `${done[1]}, for 11 s`]);
      unmount();
      const waiting = { ...view.store.job!, state: 'queued' as const, created_at: '2026-01-01T12:00:00Z' };
      render(JobHeader, { view, job: waiting });
      expect(lines()).toEqual(['Waiting, for 1 min 3 s']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('writes name, note and tags where they stand, and stars, while the job goes on', async () => {
    const view = viewOf([], null);
    const sent: unknown[] = [];
    vi.stubGlobal('fetch', async (_: string, { body }: RequestInit) => {
      sent.push(JSON.parse(String(body)));
      return Response.json({ ...view.store.job!, ...JSON.parse(String(body)), problem: null });
    });
    const replaced: Job[] = [];
    (view.store as unknown as { replace: (job: Job) => void }).replace = (job) => replaced.push(job);
    const shown = render(JobHeader, { view, job: view.store.job! });
    await fireEvent.click(screen.getByRole('button', { name: 'Star made' }));
    await vi.waitFor(() => expect(replaced).toHaveLength(1));
    const opener = screen.getByRole('button', { name: 'Edit name, note and tags' });
    await fireEvent.click(opener);
    expect(opener.getAttribute('aria-expanded')).toBe('true');
    await fireEvent.input(screen.getByLabelText('Note'), { target: { value: 'for the talk' } });
    await fireEvent.input(screen.getByLabelText('Tags'), { target: { value: 'nitrides' } });
    await fireEvent.submit(screen.getByRole('form'));
    await vi.waitFor(() => expect(replaced).toHaveLength(2));
    expect(sent).toEqual([{ starred: true }, { note: 'for the talk', tags: ['nitrides'] }]);
    await vi.waitFor(() => expect(document.activeElement).toBe(opener));
    await shown.rerender({ view, job: replaced[1]! });
    expect(screen.getByText('for the talk')).toBeTruthy();
    const tag = within(screen.getByRole('list', { name: 'Tags' })).getByRole('link', { name: 'nitrides' });
    expect(tag.getAttribute('href')).toBe('#/?tag=nitrides');
    await fireEvent.click(opener);
    await fireEvent.keyDown(screen.getByLabelText('Note'), { key: 'Escape' });
    expect(screen.queryByRole('form')).toBeNull();
    expect(sent).toHaveLength(2);
  });

  it('says no more of that once the job has ended', () => {
    const view = viewOf([], null, done);
    render(JobHeader, { view, job: { ...view.store.job!, state: 'succeeded' } });
    expect(screen.queryByText(/relaxing the reference/)).toBeNull();
  });
});

describe('the provenance of a result', () => {
  it('names how species were mixed, the tier, the head and every version', () => {
    const provenance = {
      orichalcum: '0.2.0',
      potential: { name: 'mace', sha256: 'ab', licence: 'MIT', citation: 'someone' },
      seed: 7,
      device: 'cpu',
      dtype: 'float64',
      mixing: 'paired',
      tier: 'mean_field',
      head: 'omat',
      versions: { torch: '2.8', ase: '3.26' },
    };
    const cost = { evaluations: 1, potential_calls: 2, shared_calls: 3, seconds: 4 };
    const job = { ...viewOf([], null).store.job!, created_at: '2026-01-01T12:00:00Z' };
    const result = { provenance, cost, notes: [] } as unknown as Result;
    const { container } = render(ProvenanceList, { job, result });
    const said = [...container.querySelectorAll('dt')].map((term) => [
      term.textContent,
      term.nextElementSibling?.textContent?.replaceAll(/\s+/g, ' ').trim(),
    ]);
    const table = Object.fromEntries(said) as Record<string, string>;
    expect(table).toMatchObject({ Mixing: 'paired', Tier: 'mean field', Head: 'omat', Seed: '7' });
    expect(table.Versions).toBe('orichalcum 0.2.0, torch 2.8, ase 3.26');
  });
});

describe('the table of evaluations', () => {
  it('keeps only the rows in sight in the page, and tells how many there are', () => {
    render(EvaluationsTable, { view: viewOf(pointsOf(5000), 7) });
    const table = screen.getAllByRole('table')[0]!;
    expect(table.getAttribute('aria-rowcount')).toBe('5001');
    expect(within(table).getAllByRole('row').length).toBeLessThan(50);
  });

  it('sorts by a column, first upwards, then downwards, and says so', async () => {
    render(EvaluationsTable, { view: viewOf(pointsOf(12), null) });
    const table = screen.getAllByRole('table')[0]!;
    const values = () =>
      within(table)
        .getAllByRole('row')
        .slice(1)
        .filter((row) => row.getAttribute('aria-hidden') === null)
        .map((row) => Number(within(row).getAllByRole('cell')[4]!.textContent));
    const header = within(table).getByRole('columnheader', { name: /lattice_a/ });
    await fireEvent.click(within(header).getByRole('button'));
    expect(header.getAttribute('aria-sort')).toBe('ascending');
    expect(values()).toEqual([...values()].sort((a, b) => a - b));
    await fireEvent.click(within(header).getByRole('button'));
    expect(header.getAttribute('aria-sort')).toBe('descending');
    expect(values()[0]).toBeCloseTo(3 + 11 / 12, 4);
  });

  it('shows the evaluations of a brush only', () => {
    const view = viewOf(pointsOf(20), null);
    view.brushed = new Set([3, 5]);
    render(EvaluationsTable, { view });
    expect(screen.getByText(/2 selected evaluations of 20/)).toBeTruthy();
  });
});

describe('the table of sensitivities', () => {
  it('shows the changes that the service computed, of an end member too, and a dash where it says none', () => {
    const evaluation = madeEvaluation({ cation: { Al: 1, Ga: 0, In: 0 } }, { lattice_a: 3.1, density: 3.3 });
    evaluation.properties.lattice_a!.per_percent = { cation: { Al: -0.00205, Ga: 0.0008, In: 0.0041 } };
    render(SensitivityTable, { view: viewOf([{ index: 0, evaluation }], 0) });
    const cells = (name: string) =>
      within(screen.getByRole('rowheader', { name }).closest('tr')!)
        .getAllByRole('cell')
        .slice(2)
        .map((cell) => cell.textContent?.trim());
    expect(cells('lattice_a')).toEqual(['\u22120.00205', '+0.000800', '+0.00410']);
    expect(cells('density')).toEqual(['–', '–', '–']);
  });
});

describe('measured points', () => {
  const problem = madeProblem({
    measured: [
      {
        composition: { cation: { Sc: 0.25, Al: 0.75 } },
        properties: { lattice_a: 3.21 },
        deviation: { lattice_a: 0.003 },
        gradients: {},
        source: 'a paper',
      },
      {
        composition: { cation: { Al: 1 } },
        properties: { volume: 10.4 },
        deviation: {},
        gradients: {},
        source: '',
      },
    ],
  });

  it('fall on a slice where their composition is, for the property that was measured', () => {
    const slice = { sublattice: 'cation', elements: ['Al', 'Sc'] };
    const found = measuredOn(problem, 'lattice_a', slice, 'Å');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ shares: [0.75, 0.25], value: 3.21, deviation: 0.003 });
    expect(found[0]!.title).toMatch(/^measured: .*lattice_a 3.21 ± 0.0030\sÅ \(a paper\)$/);
    expect(measuredOn(problem, 'volume', slice, '')[0]!.shares).toEqual([1, 0]);
  });

  it('are listed as measured, a row for each value', () => {
    const view = viewOf([], null);
    Object.defineProperty(view, 'problem', { get: () => problem });
    render(MeasuredTable, { view });
    const rows = within(screen.getByRole('region', { name: 'Measured' })).getAllByRole('row');
    expect(rows).toHaveLength(3);
    expect(rows[1]!.textContent).toMatch(/lattice_a.*3.21.*0.003.*a paper/);
    expect(screen.getByText(/none of it counts as an evaluation/)).toBeTruthy();
  });
});

describe('the ternary plot', () => {
  const made: Shares[] = [
    [0.6, 0.3, 0.1],
    [0.2, 0.3, 0.5],
    [0.1, 0.8, 0.1],
  ];
  const points = made.map(([Al, Ga, In], index) => ({
    index,
    evaluation: madeEvaluation({ cation: { Al, Ga, In } }, { lattice_a: 3.1 + 0.1 * index }),
  }));
  let view: JobViewType;
  let container: Element;

  beforeEach(() => {
    view = viewOf(points, 2);
    const slice = { sublattice: 'cation', elements: ['Al', 'Ga', 'In'] };
    const props = { view, slice, field: null, others: [], showArrows: false, showField: false, height: 440 };
    ({ container } = render(TernaryPlot, props));
    flushSync();
  });

  it('draws the best evaluation where its composition is', () => {
    const ring = container.querySelector('circle.best')!;
    const { x, y } = toPixel(made[2]!, frameIn(WIDTH, 440, { x: 46, top: 30, bottom: 62 }));
    expect(Number(ring.getAttribute('cx'))).toBeCloseTo(x, 6);
    expect(Number(ring.getAttribute('cy'))).toBeCloseTo(y, 6);
    const corners = [...container.querySelectorAll('text.corner')].map((text) => text.textContent);
    expect(corners).toEqual(['Al', 'Ga', 'In']);
  });

  it('is walked through with the keyboard, which says what each evaluation is', async () => {
    const slider = screen.getByRole('slider');
    expect(slider.getAttribute('aria-valuetext')).toMatch(
      /^evaluation 3, best so far: Al 0.1 Ga 0.8 In 0.1, lattice_a 3.3/,
    );
    await fireEvent.keyDown(slider, { key: 'Home' });
    await fireEvent.keyDown(slider, { key: 'ArrowRight' });
    expect(view.chosen).toBe(1);
    expect(slider.getAttribute('aria-valuenow')).toBe('2');
    expect(slider.getAttribute('aria-valuetext')).toMatch(/^evaluation 2, chosen: Al 0.2 Ga 0.3 In 0.5/);
    await fireEvent.keyDown(slider, { key: 'Escape' });
    expect(slider.getAttribute('aria-valuenow')).toBe('3');
  });

  it('dims what the bounds forbid', () => {
    expect(container.querySelector('path.forbidden')).not.toBeNull();
    expect(container.querySelector('path.bound')!.getAttribute('d')).toMatch(/^M[\d. ]+L[\d. ]+$/);
  });
});
