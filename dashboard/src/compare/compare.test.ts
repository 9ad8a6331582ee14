import { describe, expect, it, vi } from 'vitest';
import type { Result } from '../api/types';
import { Units } from '../format/units';
import { madeEvaluation, madeProblem, madeProperties } from '../job/made';
import type { Json } from '../new/json';
import { idIn, idsOf, readCompared, type Compared } from './compared.svelte';
import { compositionChange, differences } from './differences';
import { mismatch, PROBLEM, sectionsOf } from './rows';

describe('what differs between problems', () => {
  it('is told field by field, and what is equal is not', () => {
    const one: Json = {
      name: 'one',
      potential: { name: 'a', tier: 'mean_field' },
      objectives: [
        { property: 'lattice_a', tolerance: 0.002 },
        { property: 'density', target: 3 },
      ],
      at: [],
    };
    const other: Json = {
      name: 'other',
      potential: { tier: 'mean_field', name: 'b' },
      objectives: [
        { property: 'lattice_a', tolerance: 0.001 },
        { property: 'density', target: 3 },
      ],
      note: null,
    };
    expect(differences([one, other])).toEqual([
      { path: 'potential.name', values: ['a', 'b'] },
      { path: 'objectives.1.tolerance', values: ['0.002', '0.001'] },
    ]);
  });

  it('is told as a whole of lists of other lengths, and of what only one has', () => {
    expect(differences([{ elements: ['Al', 'Sc'], scan: { points: 3 } }, { elements: ['Al'] }])).toEqual([
      { path: 'elements', values: ['[Al, Sc]', '[Al]'] },
      { path: 'scan', values: ['{points:3}', null] },
    ]);
    expect(differences([{ a: 1 }, { a: 1 }, { a: 1 }])).toEqual([]);
  });
});

describe('the difference of compositions', () => {
  it('is that of each fraction, absent ones counted as none', () => {
    const change = compositionChange(
      { cation: { Al: 0.8, Sc: 0.2 }, anion: { N: 1 } },
      { cation: { Al: 0.75, Y: 0.25 } },
    );
    expect(change!.map(({ element, by }) => [element, Number(by.toFixed(9))])).toEqual([
      ['Al', -0.05],
      ['Sc', -0.2],
      ['Y', 0.25],
    ]);
    expect(compositionChange({ cation: { Al: 1 } }, { metal: { Cu: 1 } })).toBeNull();
    expect(compositionChange({ cation: { Al: 1 } }, { cation: { Al: 1 } })).toEqual([]);
  });
});

function entry(id: string, al: number, value: number, more: Partial<Compared> = {}): Compared {
  const best = madeEvaluation({ cation: { Al: al, Sc: 1 - al } }, { lattice_a: value, density: 3.1 });
  const result = {
    kind: 'optimize',
    best,
    reading: [{ role: 'headline', text: `Al${al} Sc${1 - al}: within tolerance` }],
    objective_checks: [
      {
        property: 'lattice_a',
        unit: 'Å',
        target: 3.2,
        tolerance: 0.002,
        value,
        met: Math.abs(value - 3.2) <= 0.002,
      },
    ],
    targets: [3.2],
    cost: { evaluations: 4, potential_calls: 80, shared_calls: 1, seconds: 12 },
    provenance: {
      potential: { name: 'sevennet-0' },
      dtype: 'float64',
      tier: 'mean_field',
      orichalcum: '0.1',
    },
  } as unknown as Result;
  const job = { id, name: `job ${id}`, kind: 'optimize', state: 'succeeded', problem: madeProblem() };
  return { id, job: job as never, result, trouble: null, ...more };
}

describe('a comparison', () => {
  const units = new Units(madeProperties());
  const section = (entries: Compared[], title: string) =>
    Object.fromEntries(
      (sectionsOf(entries, units).find((one) => one.title === title)?.rows ?? []).map(({ label, cells }) => [
        label,
        cells.map((one) => one?.text.replaceAll('\u202f', ' ') ?? null),
      ]),
    );

  it('has answers, wishes, properties and cost beside each other', () => {
    const entries = [entry('a', 0.8, 3.2004), entry('b', 0.75, 3.215)];
    expect(section(entries, 'Answer')).toMatchObject({
      Composition: ['Al 0.8 Sc 0.2', 'Al 0.75 Sc 0.25'],
      'Against job a': [null, 'Al \u22120.050 Sc +0.050'],
    });
    expect(section(entries, 'Objectives')).toEqual({
      'lattice_a, wished': ['3.20000 Å ± 0.002', '3.20000 Å ± 0.002'],
      'lattice_a, reached': [
        '3.20040 Å, off by +0.00040 Å, within tolerance',
        '3.21500 Å, off by +0.015 Å, not within tolerance',
      ],
    });
    expect(section(entries, 'Properties of the answer')).toHaveProperty('density');
    expect(section(entries, PROBLEM)).toEqual({});
    expect(mismatch(entries)).toBeNull();
  });

  it('says in words where kinds differ, and leaves a gap where a job has no answer', () => {
    const running = entry('b', 0.7, 3, { result: null, trouble: 'It has not ended' });
    const order = { ...running, job: { ...running.job!, kind: 'order' } };
    expect(mismatch([entry('a', 0.8, 3.2), order])).toMatch(/different kinds \(optimize, order\)/);
    expect(section([entry('a', 0.8, 3.2), running], 'Answer').Composition).toEqual(['Al 0.8 Sc 0.2', null]);
  });

  it('takes jobs from the address, each once, and an id or an address from a field', () => {
    expect(idsOf('a,b,,a, c')).toEqual(['a', 'b', 'c']);
    expect(idIn(' http://127.0.0.1:8421/#/jobs/4f0a?evaluation=3 ')).toBe('4f0a');
    expect(idIn(' 4f0a ')).toBe('4f0a');
  });

  it.each([
    ['that is gone', { status: 404 }, null, /no such job/],
    ['that runs', { state: 'running' }, 'running', /has not ended/],
    ['that failed', { state: 'failed', failure: { title: 'x', detail: 'no memory' } }, 'failed', /no memory/],
  ])('says what is the matter with a job %s', async (_, answer, state, said) => {
    vi.stubGlobal('document', { baseURI: 'http://127.0.0.1/' });
    vi.stubGlobal('fetch', async () =>
      'status' in answer
        ? Response.json({ type: 'x', title: 'No', status: 404 }, { status: 404 })
        : Response.json({ id: 'a', ...answer }),
    );
    const found = await readCompared('a', new AbortController().signal);
    expect(found.trouble).toMatch(said);
    expect(found.job?.state ?? null).toBe(state);
    vi.unstubAllGlobals();
  });
});
