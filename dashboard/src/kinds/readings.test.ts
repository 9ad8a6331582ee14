// @vitest-environment jsdom
// Every message of results of all kinds stands on the page of its job, in the words of the command line, whose tests
// read the same file.
import { cleanup, render } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../api/types';
import { Units } from '../format/units';
import { madeProblem, madeProperties } from '../job/made';
import { JobView } from '../job/view.svelte';
import type { PageProps } from './kind';
import { READINGS, stored } from './made';

const PARTS: Record<string, () => Promise<{ default: Component<never> }>> = {
  optimize: () => import('./optimize/Answer.svelte'),
  scan: () => import('../job/BestOfAll.svelte'),
  evaluate: () => import('../job/BestOfAll.svelte'),
  order: () => import('./order/Page.svelte'),
  free_energy: () => import('./free_energy/Page.svelte'),
};

type Shown = Component<PageProps & { of: string; goesOn: string }>;

const loaded: Record<string, Shown> = {};

beforeAll(async () => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }));
  for (const [kind, load] of Object.entries(PARTS)) loaded[kind] = (await load()).default as unknown as Shown;
});

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(480);
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const shown = (text: string | null) => (text ?? '').replaceAll(/\s+/g, ' ');

describe('the answer on the page', () => {
  it.each(Object.entries(READINGS))('shows every message of %s', (name, { file, result, reading }) => {
    const answered = { ...(result ?? stored(file!)), reading };
    const job = {
      id: 'j',
      name,
      kind: answered.kind,
      state: 'succeeded',
      progress: { evaluations_done: 4, evaluations_planned: 4, best: null, trace: [], front: [], doing: [] },
      failure: null,
      notice: null,
      problem: madeProblem({ kind: answered.kind as never, objectives: [] }),
    } as unknown as Job;
    const view = new JobView({
      result: answered,
      answer: null,
      followAnswer: () => undefined,
      job,
      points: [],
    } as never);
    view.known = madeProperties();
    const { container } = render(loaded[answered.kind]!, { view, job, of: 'of all', goesOn: 'It goes on.' });
    expect(reading.length).toBeGreaterThan(0);
    const units = new Units(madeProperties());
    for (const { text } of reading) expect(shown(container.textContent)).toContain(shown(units.pretty(text)));
  });
});
