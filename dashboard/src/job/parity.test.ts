// @vitest-environment jsdom
import { cleanup, configure, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LeftOut, Result } from '../api/types';
import { linear } from '../plots/scale';
import { asInABrowser } from './jsdom';
import { madeEvaluation, madeProblem, madeProperties } from './made';
import type ParityCardType from './ParityCard.svelte';
import { barsIn, domainOf, predictedOf, verdict } from './parity';
import type { JobStore } from './store.svelte';
import type { JobView as JobViewType } from './view.svelte';

configure({ asyncUtilTimeout: 30_000 }); // a busy machine takes its time

let ParityCard: typeof ParityCardType;
let JobView: typeof JobViewType;

beforeAll(async () => {
  asInABrowser(600);
  ({ default: ParityCard } = await import('./ParityCard.svelte'));
  ({ JobView } = await import('./view.svelte'));
});

afterEach(cleanup);

const left = (index: number, value: number, mean: number, deviation: number, outside = false): LeftOut => {
  return { index, value, mean, deviation, outside };
};
const LEFT_OUT = [left(0, 3.1, 3.11, 0.01), left(2, 3.3, 3.4, 0.02, true), left(3, 3.2, 3.2, 0.005)];

function mapOf(property: string, left_out: LeftOut[]) {
  return { property, unit: 'Å', compositions: [], mean: [], deviation: [], evaluations: 4, left_out };
}

/** A finished job of four evaluations, the second of which failed, and the addresses that are asked for. */
function finished(objectives = [{ property: 'lattice_a', target: 3.2, tolerance: 0.01 }]) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(new URL(url).search);
    return Response.json(mapOf(new URL(url).searchParams.get('property')!, LEFT_OUT));
  });
  const values = [3.1, 9, 3.3, 3.2];
  const points = values.map((value, index) => ({
    index,
    evaluation: madeEvaluation(
      { cation: { Al: 1 - index / 10, Sc: index / 10 } },
      { lattice_a: value, c_over_a: value },
      { converged: index !== 1 },
    ),
  }));
  const job = {
    id: 'j',
    name: 'made',
    state: 'succeeded',
    progress: {},
    problem: madeProblem({ objectives } as never),
  };
  const view = new JobView({ id: 'j', points, job, result: null as Result | null } as unknown as JobStore);
  view.known = madeProperties();
  return { view, asked };
}

describe('a parity plot', () => {
  it('has what was left out where its evaluation is, and nothing of those that were not', () => {
    const points = [0, 1, 2, 3, 4].map((index) => ({ index }));
    expect(predictedOf(mapOf('a', LEFT_OUT) as never, points).map((one) => one?.mean ?? null)).toEqual([
      3.11,
      null,
      3.4,
      3.2,
      null,
    ]);
    expect(predictedOf(null, points)).toEqual([null, null, null, null, null]);
  });

  it('has one domain for both axes, and bars of two deviations to each side', () => {
    const [low, high] = domainOf(LEFT_OUT);
    expect([low, high]).toEqual(
      [3.1 - 0.08 * 0.3, 3.4 + 0.08 * 0.3].map((value) => expect.closeTo(value, 9)),
    );
    const area = { x: linear([3, 4], [0, 100]), y: linear([3, 4], [100, 0]) };
    expect(barsIn(area as never, [LEFT_OUT[1]!])).toBe('M30.0 64.0V56.0');
  });

  it('says how many are off, and how many could be by chance', () => {
    expect(verdict(LEFT_OUT)).toBe(
      '1 of 3 evaluations is more than two deviations off; one in twenty is to be expected.',
    );
    expect(verdict([LEFT_OUT[0]!, null])).toBe('None of 1 evaluation is more than two deviations off.');
  });
});

describe('the parity card', () => {
  it('marks what is outside, says each in words and shares the selection with other plots', async () => {
    const { view } = finished();
    const { container } = render(ParityCard, { view });
    const plot = await screen.findByRole('slider', { name: /^lattice_a as predicted/ });
    expect(container.querySelectorAll('circle.outside')).toHaveLength(1);
    expect(screen.getByText(/^1 of 3 evaluations is more than two deviations off/)).toBeTruthy();
    view.choose(2);
    await vi.waitFor(() =>
      expect(plot.getAttribute('aria-valuetext')).toBe(
        'evaluation 3, chosen: 3.3000\u202fÅ, predicted 3.4000 ± 0.020\u202fÅ, more than 2 deviations off',
      ),
    );
    await fireEvent.keyDown(plot, { key: 'ArrowRight' });
    expect(view.chosen).toBe(3);
    await vi.waitFor(() =>
      expect(plot.getAttribute('aria-valuetext')).toBe(
        'evaluation 4, chosen: 3.2000\u202fÅ, predicted 3.2000 ± 0.0050\u202fÅ',
      ),
    );
  });

  it('has a plot of each property that is wished for, and asks once for what two cards show', async () => {
    const { view, asked } = finished([
      { property: 'lattice_a', target: 3.2, tolerance: 0.01 },
      { property: 'c_over_a', target: 3.2, tolerance: 0.01 },
    ]);
    const stop = new AbortController();
    view.maps.keep(view.maps.get('lattice_a', 'cation:Al,Sc'), stop.signal);
    render(ParityCard, { view });
    expect(await screen.findAllByRole('slider')).toHaveLength(2);
    expect(asked.map((search) => new URLSearchParams(search).get('property')).sort()).toEqual([
      'c_over_a',
      'lattice_a',
    ]);
    stop.abort();
  });

  it('goes on while another card wants the same, and ends with the last', async () => {
    const { view } = finished();
    let ended = 0;
    vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) => {
      return new Promise((_, fail) =>
        signal!.addEventListener('abort', () => ((ended += 1), fail(new DOMException('', 'AbortError')))),
      );
    });
    const field = view.maps.get('lattice_a', 'cation:Al,Sc');
    const [one, other] = [new AbortController(), new AbortController()];
    view.maps.keep(field, one.signal);
    view.maps.keep(field, other.signal);
    one.abort();
    expect(ended).toBe(0);
    other.abort();
    expect(ended).toBe(1);
  });
});
