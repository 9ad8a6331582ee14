// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import type { Assessment, Job, Progress, Result } from '../api/types';
import { assessed, madeEvaluation, madeProblem, madeProperties } from './made';
import type { JobStore } from './store.svelte';
import { JobView } from './view.svelte';

const problem = madeProblem({
  objectives: [
    { property: 'lattice_a', goal: 'minimize' },
    { property: 'density', goal: 'minimize' },
  ],
} as never);

const at = (x: number, assessment: Assessment | null) =>
  madeEvaluation({ cation: { Al: 1 - x, Sc: x } }, { lattice_a: 3 + x, density: 4 - x }, { assessment });

function viewOf(
  assessments: (Assessment | null)[],
  progress: Partial<Progress> = {},
  more: Partial<Result> | null = null,
): JobView {
  const points = assessments.map((one, index) => ({ index, evaluation: at(index / 10, one) }));
  const result = more && { evaluations: [], ...more };
  const told = { evaluations_done: points.length, evaluations_planned: 40, trace: [], ...progress };
  const job = { id: 'j', kind: 'optimize', state: 'running', problem, progress: told } as unknown as Job;
  return new JobView({ points, job, result } as unknown as JobStore);
}

describe('what a page shows of a front', () => {
  const said = [true, false, true].map((on_front) => assessed({ on_front }));

  it('is what the service says of it while the job runs', () => {
    const view = viewOf(said, { front: [0, 2] });
    expect(view.isFront).toBe(true);
    expect(view.front).toEqual([0, 2]);
  });

  it('is that of the result once there is one, whatever was on it on the way', () => {
    const view = viewOf(
      said,
      { front: [0, 2] },
      { best: null, front: [at(0.1, assessed({ on_front: true }))] },
    );
    expect(view.front).toEqual([1]);
  });

  it('is known for a front by what is said of evaluations before any is on it', () => {
    const view = viewOf([assessed({ on_front: false })], { front: [] });
    expect(view.isFront).toBe(true);
    expect(view.front).toEqual([]);
  });

  it('is nothing where the service says nothing of one, though the objectives have no weights', () => {
    const view = viewOf([assessed({ loss: 2, best: 2 }), null], { front: [] });
    expect(view.isFront).toBe(false);
    expect(view.front).toEqual([]);
  });
});

describe('what a page shows of the search', () => {
  it('are the losses that the service computed, and the best by them', () => {
    const view = viewOf([
      assessed({ loss: 5, best: 5 }),
      assessed({ loss: null, best: 5, feasible: false }),
      assessed({ loss: 1, best: 1 }),
    ]);
    expect(view.losses).toEqual([5, null, 1]);
    expect(view.bestPlaces).toEqual([0, 0, 2]);
  });

  it('has the unit and the digits of the catalogue, and of the API before it has been read', () => {
    const view = viewOf([null]);
    expect(view.unit('lattice_a')).toBe('Å');
    expect(view.decimals('lattice_a', 3.2)).toBe(4);
    view.known = madeProperties().map((one) => (one.unit === 'Å' ? { ...one, symbol: 'Ångström' } : one));
    expect(view.unit('lattice_a')).toBe('Ångström');
  });
});
