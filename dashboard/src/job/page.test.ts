// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job, Result } from '../api/types';
import { frameIn, toPixel, type Shares } from '../plots/ternary';
import type EvaluationsTableType from './EvaluationsTable.svelte';
import { madeEvaluation, madeProblem } from './made';
import type SensitivityTableType from './SensitivityTable.svelte';
import type { JobStore, Point } from './store.svelte';
import type TernaryPlotType from './TernaryPlot.svelte';
import type { JobView as JobViewType } from './view.svelte';

const WIDTH = 600;

let EvaluationsTable: typeof EvaluationsTableType;
let SensitivityTable: typeof SensitivityTableType;
let TernaryPlot: typeof TernaryPlotType;
let JobView: typeof JobViewType;

// What jsdom lacks: sizes, the system's theme, canvases. The modules look at the theme when they are loaded.
beforeAll(async () => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }));
  vi.stubGlobal(
    'ResizeObserver',
    class {
      #tell: ResizeObserverCallback;
      constructor(tell: ResizeObserverCallback) {
        this.#tell = tell;
      }
      observe(target: Element) {
        this.#tell([{ target } as ResizeObserverEntry], this as unknown as ResizeObserver);
      }
      unobserve() {}
      disconnect() {}
    },
  );
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', { get: () => WIDTH });
  HTMLCanvasElement.prototype.getContext = () => null;
  ({ default: EvaluationsTable } = await import('./EvaluationsTable.svelte'));
  ({ default: SensitivityTable } = await import('./SensitivityTable.svelte'));
  ({ default: TernaryPlot } = await import('./TernaryPlot.svelte'));
  ({ JobView } = await import('./view.svelte'));
});

afterEach(cleanup);

const problem = madeProblem({
  sublattices: [{ name: 'cation', sites: ['Ga'], elements: { Al: [0, 1], Ga: [0, 1], In: [0, 0.5] } }],
} as never);

function viewOf(points: Point[], best: number | null): JobViewType {
  const progress = {
    evaluations_done: points.length,
    evaluations_planned: points.length,
    best: best === null ? null : { index: best, loss: 0, composition: {}, properties: {}, targets: [3.2] },
    trace: [],
  };
  const job = {
    id: 'j',
    name: 'made',
    kind: 'optimize',
    state: 'running',
    progress,
    problem,
  } as unknown as Job;
  return new JobView({ points, job, result: null as Result | null } as unknown as JobStore);
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
