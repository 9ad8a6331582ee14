/** Evaluations and problems for tests, with closed-form properties. */

import type { Assessment, Composition, Evaluation, Problem, PropertyInfo } from '../api/types';

/** `values`: property -> value, or value and gradient. */
export function madeEvaluation(
  composition: Composition,
  values: Record<string, number | [number, Record<string, Record<string, number>>]>,
  more: Partial<Evaluation> = {},
): Evaluation {
  const properties = Object.fromEntries(
    Object.entries(values).map(([name, given]) => {
      const [value, gradient] = typeof given === 'number' ? [given, null] : given;
      return [name, { value, unit: 'Å', gradient, uncertainty: null, alchemical: null, per_percent: null }];
    }),
  );
  return {
    composition,
    properties,
    energy_per_atom: -7.6,
    converged: true,
    stable: true,
    cost: {
      potential_calls: 9,
      shared_calls: 42,
      seconds: 0.5,
      supercell_calls: 0,
      primitive_equivalents: 0,
    },
    structure: null,
    message: null,
    references: null,
    warnings: [],
    left_parent: null,
    assessment: null,
    ...more,
  };
}

/** What the service says of an evaluation that meets no fault; `more` says the rest. */
export function assessed(more: Partial<Assessment> = {}): Assessment {
  return { loss: null, parts: [], best: null, feasible: true, on_front: null, downhill: null, ...more };
}

/** A property of each unit that matters here, as the catalogue has it. */
export function madeProperties(): PropertyInfo[] {
  const rows: [string, string, string, number, number, number][] = [
    ['lattice_a', 'Å', 'Å', 4, 0.01, 0.002],
    ['c_over_a', '1', '', 4, 0.01, 0.002],
    ['gamma', 'degree', '°', 3, 1, 0.1],
    ['volume', 'Å^3/atom', 'Å³/atom', 4, 0.1, 0.02],
    ['density', 'g/cm^3', 'g/cm³', 4, 0.05, 0.02],
    ['mixing_energy', 'eV/atom', 'eV/atom', 5, 0.01, 0.005],
  ];
  return rows.map(([name, unit, symbol, decimals, scale, tolerance]) => {
    return { name, unit, symbol, decimals, scale, tolerance, description: name, always: true };
  });
}

export function madeProblem(more: Partial<Problem> = {}): Problem {
  return {
    kind: 'optimize',
    name: 'made',
    structure: { prototype: 'wurtzite', species: ['Al', 'N'] },
    sublattices: [{ name: 'cation', sites: ['Al'], elements: { Al: [0, 1], Sc: [0, 0.5] } }],
    constraints: { linear: [], min_if_present: {}, max_elements: {}, properties: [] },
    objectives: [{ property: 'lattice_a', target: 3.2, tolerance: 0.002 }],
    properties: [],
    potential: { name: 'sevennet-l3i5', mixing: 'mean_field', tier: 'mean_field', dtype: 'float64' },
    conditions: { temperature: 300, pressure: 0, chemical_potentials: {} },
    strategy: { name: 'auto', max_evaluations: 40, seed: 0 },
    at: [],
    measured: [],
    ...more,
  } as Problem;
}
