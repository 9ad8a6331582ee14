// @vitest-environment jsdom
import { cleanup, render, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import type { AlsoEvaluated } from '../api/types';
import { Units } from '../format/units';
import { madeProblem, madeProperties } from './made';
import OthersTable from './OthersTable.svelte';
import type { JobView } from './view.svelte';

afterEach(cleanup);

const objectives = [{ property: 'lattice_a', target: 3.2, tolerance: 0.001 }];
const view = {
  units: new Units(madeProperties()),
  store: { job: { problem: { ...madeProblem(), objectives } } },
} as unknown as JobView;

function entry(potential: string, more: Partial<AlsoEvaluated> = {}): AlsoEvaluated {
  return {
    potential,
    sha256: 'a7',
    licence: 'MIT',
    citation: 'Park',
    dtype: 'float64',
    evaluation: 1,
    composition: { cation: { Al: 0.8, Sc: 0.2 } },
    properties: {
      lattice_a: { value: 3.23014, unit: 'Å', gradient: null, uncertainty: null, per_percent: null },
    },
    targets: [3.22012],
    converged: true,
    meets: false,
    would_choose: { cation: { Al: 0.8214, Sc: 0.1786 } },
    move: { cation: { Al: 0.0214, Sc: -0.0214 } },
    expected: { lattice_a: 3.22012 },
    text: `${potential}: lattice_a 3.23014 Å, 0.01 above its own target 3.22012 Å; it would choose Al +0.0214, Sc -0.0214`,
    message: null,
    warnings: [],
    ...more,
  };
}

describe('what other potentials say of an answer', () => {
  it('is said in numbers', () => {
    render(OthersTable, {
      view,
      also: [entry('sevennet-l3i5'), entry('salts', { meets: null, would_choose: null })],
    });
    const [, first, second] = within(screen.getByRole('table')).getAllByRole('row');
    expect(first!.textContent).toMatch(
      /sevennet-l3i5.*3\.2301.*3\.2201.*\+0\.010.*missed.*Al 0\.8214 Sc 0\.1786/s,
    );
    expect(second!.textContent).toMatch(/salts.*–\s*–/s);
  });

  it('keeps members of a front apart, and says so where none told', () => {
    const { unmount } = render(OthersTable, { view, also: [entry('a'), entry('a', { evaluation: 4 })] });
    expect(screen.getByRole('region', { name: 'Other potentials on evaluation 5' })).toBeTruthy();
    unmount();
    render(OthersTable, { view, also: [] });
    expect(screen.getByText(/No other potential has evaluated/)).toBeTruthy();
  });
});
