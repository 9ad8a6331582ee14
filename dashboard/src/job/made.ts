/** Evaluations and problems for tests, with closed-form properties. */

import type { Composition, Evaluation, Problem } from '../api/types';

/** `values`: property -> value, or value and gradient. */
export function madeEvaluation(
  composition: Composition,
  values: Record<string, number | [number, Record<string, Record<string, number>>]>,
  more: Partial<Evaluation> = {},
): Evaluation {
  const properties = Object.fromEntries(
    Object.entries(values).map(([name, given]) => {
      const [value, gradient] = typeof given === 'number' ? [given, null] : given;
      return [name, { value, unit: 'Å', gradient, uncertainty: null }];
    }),
  );
  return {
    composition,
    properties,
    energy_per_atom: -7.6,
    converged: true,
    stable: true,
    cost: { potential_calls: 9, shared_calls: 42, seconds: 0.5 },
    structure: null,
    message: null,
    references: null,
    ...more,
  };
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
    ...more,
  } as Problem;
}
