import { describe, expect, it } from 'vitest';
import type { KindInfo, Progress } from '../api/types';
import { choices, kindNamed, nameOfKind, takes } from './find';
import * as table from './index';
import { unknown } from './unknown';

const SOURCES = import.meta.glob<string>(['../**/*.{ts,svelte}', '!../**/*.test.ts', '!../**/*.d.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const names = Object.keys(table);

const told = (more: Partial<Progress> = {}): Progress => {
  return { evaluations_done: 4, evaluations_planned: 40, trace: [], front: [], doing: [], ...more };
};
const best = { index: 3, loss: 0.1, composition: {}, properties: {}, targets: [] };

const later: KindInfo = {
  name: 'melt',
  summary: 'Melt compositions.',
  fields: ['at', 'constraints.linear', 'order', 'potential'],
  searches: false,
  counts: 'decorations',
  views: [],
};

describe('the table of kinds', () => {
  it('has no default: another name is unknown, whatever objects are born with', () => {
    for (const name of ['melt', 'Optimize', '', 'toString', 'constructor', '__proto__']) {
      expect(kindNamed(name)).toBe(unknown);
    }
    expect(names.map(kindNamed)).not.toContain(unknown);
  });

  it('has a folder with form, page and row for each kind, and one for what is unknown', () => {
    const folders = [...new Set(Object.keys(SOURCES).map((path) => /^\.\/(\w+)\//.exec(path)?.[1]))];
    expect(folders.filter((one) => one !== undefined).sort()).toEqual([...names, 'unknown'].sort());
    for (const folder of [...names, 'unknown']) {
      for (const file of ['Form.svelte', 'Page.svelte', 'row.ts', 'index.ts']) {
        expect(Object.keys(SOURCES)).toContain(`./${folder}/${file}`);
      }
    }
  });

  it('is the only place where the name of a kind decides anything', () => {
    const comparison = new RegExp(`([!=]==?|case)\\s*['"\`](${[...names, 'melt'].join('|')})\\b`);
    const guilty = Object.entries(SOURCES).filter(([path, text]) => {
      return path.startsWith('../') && comparison.test(text);
    });
    expect(guilty.map(([path]) => path)).toEqual([]);
  });
});

describe('what is said of a job in a row', () => {
  it('counts up to a limit where a search may end before it, and up to what is planned elsewhere', () => {
    expect(kindNamed('optimize').row.progress(told(), false)).toBe('4 of at most 40 evaluations');
    expect(kindNamed('scan').row.progress(told(), false)).toBe('4 of 40 evaluations');
    expect(kindNamed('evaluate').row.progress(told({ evaluations_done: 1 }), true)).toBe('1 evaluation');
    expect(kindNamed('order').row.progress(told(), false)).toBe('4 of at most 40 computations');
    expect(kindNamed('free_energy').row.progress(told(), false)).toBe('4 of at most 40 computations');
    expect(kindNamed('melt').row.progress(told(), false)).toBe('4 of 40 done');
  });

  it('is that a search has nothing yet while it runs only', () => {
    const { instead } = kindNamed('optimize').row;
    expect(instead(told(), false)).toBe('none yet');
    expect(instead(told(), true)).toBe('none');
    expect(instead(told({ best }), false)).toBeNull();
    expect(instead(told({ front: [0, 2] }), true)).toBe('2 compositions on the front');
    expect(kindNamed('scan').row.instead(told(), false)).toBe('–');
  });

  it('is of an unknown kind that it is unknown, even where the service names a best', () => {
    expect(kindNamed('melt').row.instead(told({ best }), false)).toMatch(/does not know this kind/);
  });
});

describe('a new problem', () => {
  const problem = {
    kind: 'optimize',
    sublattices: [{ name: 'cation', sites: ['Al'], elements: { Al: [0, 1], Sc: [0, 0.5] } }],
  };

  it('gets what its kind needs to begin with, and keeps what is there', () => {
    expect(kindNamed('scan').begin(problem)).toEqual({ ...problem, scan: { points_per_edge: 11 } });
    const fine = { ...problem, scan: { points_per_edge: 41 } };
    expect(kindNamed('scan').begin(fine)).toEqual(fine);
    expect(kindNamed('evaluate').begin(problem)).toEqual({
      ...problem,
      at: [{ cation: { Al: 0.6667, Sc: 0.3333 } }],
    });
    expect(kindNamed('optimize').begin(problem)).toEqual(problem);
  });

  it('of orderings begins with what can be run: without objectives, at a composition where something is mixed', () => {
    const search = {
      ...problem,
      objectives: [{ property: 'lattice_a', target: 3.2 }],
      strategy: { max_evaluations: 9, seed: 7 },
      verify: { supercells: 2 },
      potential: { name: 'sevennet-0', mixing: 'paired', tier: 'fluctuation' },
    };
    const { begin, leave } = kindNamed('order');
    const potential = { name: 'sevennet-0' };
    const begun = {
      ...problem,
      potential,
      strategy: { seed: 7 },
      at: [{ cation: { Al: 0.6667, Sc: 0.3333 } }],
    };
    expect(begin(search)).toEqual(begun);
    expect(begin({ kind: 'optimize' })).toEqual({ kind: 'optimize' });
    expect(begin({ ...problem, at: [{ cation: { Al: 0.5, Sc: 0.5 } }] }).at).toEqual([
      { cation: { Al: 0.5, Sc: 0.5 } },
    ]);
    expect(leave({ ...begun, order: { search: null } })).toEqual({
      ...problem,
      potential,
      strategy: { seed: 7 },
    });
  });

  it('of free energies begins without what seeks, and leaves its compositions and options behind', () => {
    const { begin, leave } = kindNamed('free_energy');
    const at = [{ cation: { Al: 0.6667, Sc: 0.3333 } }];
    const search = {
      ...problem,
      objectives: [],
      constraints: { max_elements: 1 },
      potential: { tier: 'fluctuation' },
    };
    expect(begin(search)).toEqual({ ...problem, at, free_energy: { path: 'absolute' } });
    const potential = { name: 'sevennet-0', mixing: 'paired' };
    expect(begin({ ...search, potential: { ...potential, tier: 'fluctuation' } }).potential).toEqual(
      potential,
    );
    expect(leave({ ...problem, at, free_energy: { atoms: 32 } })).toEqual(problem);
  });

  it('loses what only its old kind had a use for', () => {
    const scanned = { ...problem, scan: { points_per_edge: 11 } };
    expect(kindNamed('scan').leave(scanned)).toEqual(problem);
    const grid = { ...scanned, strategy: { name: 'grid' } };
    expect(kindNamed('scan').leave(grid)).toEqual(grid);
    expect(kindNamed('evaluate').leave({ ...problem, at: [{ cation: { Al: 1 } }] })).toEqual(problem);
  });

  it('that names no kind is one of those that the service takes it for', () => {
    expect(nameOfKind({})).toBe('optimize');
    expect(nameOfKind({ kind: 'melt' })).toBe('melt');
  });

  it('can be of every kind that the service offers, in its words where the dashboard has none', () => {
    const scan: KindInfo = { ...later, name: 'scan', summary: 'Evaluate a grid.' };
    expect(choices([scan, later])).toEqual([
      { name: 'scan', label: 'Scan a grid of compositions' },
      { name: 'melt', label: 'Melt compositions' },
    ]);
    expect(choices([]).map(({ name }) => name)).toEqual(names);
  });

  it('is asked for the fields that its kind uses, and for all where the service does not say', () => {
    expect(['at', 'order', 'constraints', 'constraints.linear'].map((path) => takes(later, path))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['objectives', 'constraints.resolution', 'ord'].map((path) => takes(later, path))).toEqual([
      false,
      false,
      false,
    ]);
    expect(takes({ ...later, fields: ['constraints'] }, 'constraints.resolution')).toBe(true);
    expect(takes(null, 'objectives')).toBe(true);
  });
});
