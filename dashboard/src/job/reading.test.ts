import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { METHOD } from './citation';
import { tightened } from './going-on';
import { arranged, formulaIn } from './reading';
import { chosenIn, sliceNamed, withChosen } from './shared';
import { errorBars, feasibleRanges, tighteningHelps } from './sureness';
import { targetName } from './targets';

const message = (role: string, text: string) => ({ role, text }) as Parameters<typeof arranged>[0][number];

describe('the sentences of a reading', () => {
  const messages = [
    message('headline', 'Al0.80 Sc0.20, Sc ± 0.02: within tolerance'),
    message('target', 'lattice_a 3.22 Å is within 0.001 Å of 3.22 Å'),
    message('target', 'density 3.1 g/cm^3 is not within 0.02 g/cm^3 of 3.3 g/cm^3'),
    message('warning', 'beware'),
    message('verification', 'lattice_a holds'),
    message('stopped', 'stopped: target met'),
  ];

  it('each stand in one part of the card, and none is lost', () => {
    const told = arranged(messages, ['density', 'lattice_a', 'volume'], ['beware']);
    expect(told.targets).toEqual([messages[2]!.text, messages[1]!.text, null]);
    expect(told).toMatchObject({ warnings: [], verification: ['lattice_a holds'], rest: [] });
    const all = Object.values(arranged(messages)).flat().filter(Boolean);
    expect([...all].sort()).toEqual(messages.map(({ text }) => text).sort());
    expect(arranged(messages).rest).toEqual([messages[1]!.text, messages[2]!.text]);
  });

  it('have their formula set as one, and what is no formula left as it is', () => {
    const { formula, words } = formulaIn('(Al0.80 Sc0.20)2 O3, Sc ± 0.02: within tolerance');
    expect(formula.filter(({ low }) => low).map(({ text }) => text)).toEqual(['0.80', '0.20', '2', '3']);
    expect(formula.map(({ text }) => text).join('') + words).toBe(
      '(Al0.80 Sc0.20)2 O3, Sc ± 0.02: within tolerance',
    );
    const front = '2 compositions on the front: none is better in everything';
    expect(formulaIn(front).formula).toEqual([{ text: '2 compositions on the front', low: false }]);
  });
});

describe('how sure a composition is', () => {
  const result = {
    uncertainty_of_composition: { cation: { Al: 0.05, Sc: 0.05 } },
    uncertainty_shares: {
      tolerance: { cation: { Al: 0.03, Sc: 0.03 } },
      tier: { cation: { Al: 0.04, Sc: 0.04 } },
      surrogate: null,
    },
  };

  it('is drawn in parts of the square of the error bar, which add up to one', () => {
    const [bar, ...more] = errorBars(result);
    expect(more).toEqual([]);
    expect(bar!.element).toBe('Sc');
    expect(bar!.parts.map(({ part }) => Number(part.toFixed(12)))).toEqual([0.36, 0.64]);
  });

  it('gains from smaller tolerances only where these are most of it', () => {
    expect(tighteningHelps(result)).toBe(false);
    expect(
      tighteningHelps({ ...result, uncertainty_shares: { ...result.uncertainty_shares, tier: null } }),
    ).toBe(true);
  });

  it('has ranges of those fractions that the targets leave open', () => {
    const ranges = { cation: { Al: [0.41, 0.62], Ga: [0, 0.55], In: [0.2, 0.2] } };
    const best = { composition: { cation: { Al: 0.5, Ga: 0.3, In: 0.2 } } };
    expect(feasibleRanges({ feasible_ranges: ranges, best } as never)).toEqual([
      { sublattice: 'cation', element: 'Al', low: 0.41, high: 0.62, here: 0.5 },
      { sublattice: 'cation', element: 'Ga', low: 0, high: 0.55, here: 0.3 },
    ]);
  });
});

describe('a target that is another crystal', () => {
  const named = (structure: object) =>
    targetName({ property: 'lattice_a', target: { same_as: structure }, tolerance: 0.002 } as never);

  it('is named by the property and the crystal', () => {
    expect(named({ prototype: 'wurtzite', species: ['Ga', 'N'] })).toBe('a of GaN, same potential');
    expect(named({ prototype: 'perovskite', species: ['Sr', 'Ti', 'O'] })).toBe(
      'a of perovskite of Sr, Ti, O, same potential',
    );
    expect(named({ cif: 'data_x' })).toBe('a of another crystal, same potential');
    expect(targetName({ property: 'density', target: 3.1, tolerance: 0.1 } as never)).toBeNull();
  });
});

describe('a tighter problem', () => {
  it('has half the tolerances, and is the same otherwise', () => {
    const problem = {
      name: 'match',
      kind: 'optimize',
      objectives: [
        { property: 'a', tolerance: 0.003 },
        { property: 'b', goal: 'maximize' },
      ],
    };
    expect(tightened(problem)).toEqual({
      name: 'match, tighter',
      kind: 'optimize',
      objectives: [
        { property: 'a', tolerance: 0.0015 },
        { property: 'b', goal: 'maximize' },
      ],
    });
    expect(problem.objectives[0]).toEqual({ property: 'a', tolerance: 0.003 });
  });
});

describe('the address of what is chosen', () => {
  it('is read as it was written, and holds nothing that was not chosen', () => {
    const chosen = { evaluation: 3, property: 'mass_fraction:Na', over: 'cation:Al,Sc' };
    const hash = withChosen('#/jobs/abc', chosen);
    expect(hash).toBe('#/jobs/abc?evaluation=4&property=mass_fraction:Na&over=cation:Al,Sc');
    expect(chosenIn(new URLSearchParams(hash.split('?')[1]))).toEqual(chosen);
    const none = { evaluation: null, property: null, over: null };
    expect(withChosen(hash, none)).toBe('#/jobs/abc');
    expect(chosenIn(new URLSearchParams('evaluation=0&x=1'))).toEqual(none);
    expect(chosenIn(new URLSearchParams('evaluation=two'))).toEqual(none);
  });

  it('names a slice of the problem, or none', () => {
    const slices = [{ sublattice: 'cation', elements: ['Al', 'Sc'] }];
    expect(sliceNamed(slices, 'cation:Al,Sc')).toBe(slices[0]);
    expect(sliceNamed(slices, 'cation:Al,Y')).toBeNull();
  });
});

describe('what to cite', () => {
  it('is what the report of the command line cites', () => {
    const source = readFileSync(join(process.cwd(), '..', 'orichalcum', 'html_report.py'), 'utf8');
    const [, block] = /^METHOD = \(([\s\S]*?)^\)/m.exec(source)!;
    const strings = [...block!.matchAll(/"([^"]*)"/g)].map(([, text]) => text);
    expect(METHOD).toBe(strings.join(''));
  });
});
