/** For tests of the pages of kinds: stored results, a page with a result on it, and what stands on the page. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanup, render } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { afterEach, beforeAll, beforeEach, vi } from 'vitest';
import type { Job, Result } from '../api/types';
import { Units } from '../format/units';
import { madeProblem, madeProperties } from '../job/made';
import type { JobView } from '../job/view.svelte';
import type { PageProps } from './kind';

const data = (name: string) =>
  JSON.parse(readFileSync(join(process.cwd(), '..', 'tests', 'data', `${name}.json`), 'utf8')) as unknown;

/** Results of all kinds by name, with what their reader must see; those of runs have a file of their own. */
export const READINGS = data('readings') as Record<
  string,
  { file: string | null; result: Result | null; reading: Result['reading'] }
>;

/** The result of a run with sevennet-0, which the tests of the command line read too. */
export const stored = (name: string): Result => ({
  ...(data(name) as Result),
  reading: READINGS[name]!.reading,
});

/** The page of a kind, loaded before the tests of a file and taken away after each; gives what shows a result on it. */
export function pageOf(kind: string, name: string, load: () => Promise<{ default: Component<PageProps> }>) {
  let Page: Component<PageProps>;

  // The modules look at the theme when they are loaded, which jsdom does not have.
  beforeAll(async () => {
    vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }));
    ({ default: Page } = await load());
  });

  // What a plot fills: jsdom lays nothing out.
  beforeEach(() => {
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(480);
    vi.stubGlobal(
      'ResizeObserver',
      class {
        constructor(readonly call: (entries: unknown[]) => void) {}
        observe(target: Element) {
          this.call([{ target, contentRect: { width: 480 }, borderBoxSize: [{ inlineSize: 480 }] }]);
        }
        unobserve() {}
        disconnect() {}
      },
    );
  });

  afterEach(() => {
    cleanup();
    vi.restoreAllMocks();
  });

  return (
    result: Result | null,
    state = 'succeeded',
    answer: Result['answer'] | null = null,
    onPaper = false,
  ) => {
    const job = {
      id: 'j',
      name,
      kind,
      state,
      progress: { evaluations_done: 7, evaluations_planned: 20, best: null, trace: [], front: [], doing: [] },
      failure: null,
      notice: null,
      problem: madeProblem({ kind: kind as never, objectives: [] }),
    } as unknown as Job;
    const view = {
      store: {
        result,
        job,
        answer: answer && { state, told: 5, answer },
        followAnswer: () => undefined,
      },
      onPaper,
      points: [],
      answer: null,
      units: new Units(madeProperties()),
    } as unknown as JobView;
    return render(Page, { view, job });
  };
}

/** The plot with such a label. */
export const plot = (label: RegExp) =>
  [...document.querySelectorAll<HTMLElement>('[role="slider"]')].find((one) =>
    label.test(one.getAttribute('aria-label')!),
  );
