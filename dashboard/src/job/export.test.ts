import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { toCsv, toYaml } from './export';
import { pruned } from '../new/document';
import type { Json } from '../new/json';
import { madeEvaluation, madeProblem } from './made';

describe('the files of a job', () => {
  it('have a row for each evaluation with fractions, values, gradients and messages that hold commas', () => {
    const points = [
      {
        index: 0,
        evaluation: madeEvaluation(
          { cation: { Al: 0.75, Sc: 0.25 } },
          { lattice_a: [3.2454, { cation: { Al: -0.2336, Sc: 0.2336 } }] },
        ),
      },
      {
        index: 1,
        evaluation: madeEvaluation(
          { cation: { Al: 1 } },
          {},
          { converged: false, message: 'too far, "stopped"' },
        ),
      },
    ];
    const [header, first, second] = toCsv(points).trim().split('\n');
    expect(header).toBe(
      'evaluation,cation:Al,cation:Sc,lattice_a (Å),d lattice_a / d cation:Al,d lattice_a / d cation:Sc,converged,stable,potential_calls,seconds,message,stable_against,softest_q',
    );
    expect(first).toBe('1,0.75,0.25,3.2454,-0.2336,0.2336,true,true,9,0.5,,,');
    expect(second).toBe('2,1,0,,,,false,true,9,0.5,"too far, ""stopped""",,');
  });

  it('have what was measured below the evaluations, with deviation and source and without a number', () => {
    const points = [
      { index: 0, evaluation: madeEvaluation({ cation: { Al: 0.75, Sc: 0.25 } }, { lattice_a: 3.2454 }) },
    ];
    const measured = [
      {
        composition: { cation: { Al: 0.8, Sc: 0.2 } },
        properties: { lattice_a: { value: 3.21, deviation: 0.003, unit: 'Å' } },
        source: 'a paper, 2024',
      },
    ];
    const [header, , below] = toCsv(points, measured).trim().split('\n');
    expect(header!.split(',').slice(-2)).toEqual(['lattice_a uncertainty', 'source']);
    expect(below).toBe(',0.8,0.2,3.21,,,,,,,,0.003,"measured: a paper, 2024"');
  });

  it('have a problem that reads back as it was, without what was not given', () => {
    const problem = madeProblem({ scan: null, verify: null } as never);
    const again = parse(toYaml(problem)) as Record<string, unknown>;
    expect(again).toEqual(pruned(problem as unknown as Json));
    expect(again).not.toHaveProperty('verify');
    expect(again).not.toHaveProperty('constraints');
    expect(toYaml(problem)).toContain('- {property: lattice_a, target: 3.2, tolerance: 0.002}');
    expect(again.sublattices).toEqual(problem.sublattices);
  });

  it('say what a job is to leave out, which nothing would not say', () => {
    const order = {
      enumerate: { sites: 2, cell: null },
      search: null,
      random: null,
      relax: 10,
      probability: null,
    };
    const again = parse(toYaml(madeProblem({ order, verify: null } as never))) as Record<string, unknown>;
    expect(again.order).toEqual({ ...order, enumerate: { sites: 2 } });
    expect(again).not.toHaveProperty('verify');
  });
});
