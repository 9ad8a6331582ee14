import { describe, expect, it } from 'vitest';
import { changed, pruned, read, written } from './document';

const FILE = `# Which x?
kind: optimize
structure: {prototype: wurtzite, species: [Al, N]}

# Every Al site.
sublattices:
  - name: cation
    sites: [Al]
    elements: {Al: [0, 1], Sc: [0, 0.5]}   # beyond half Sc it is not wurtzite
strategy:
  seed: 3
`;

describe('a problem file', () => {
  it('keeps its comments and its layout when a field is changed', () => {
    const text = changed(FILE, ['sublattices', 0, 'elements', 'Sc'], [0, 0.4]);
    expect(text).toContain('# Which x?');
    expect(text).toContain('# Every Al site.');
    expect(text).toContain('Sc: [0, 0.4]');
    expect(text).toContain('# beyond half Sc it is not wurtzite');
    expect(read(text).problem).toMatchObject({ sublattices: [{ elements: { Al: [0, 1], Sc: [0, 0.4] } }] });
  });

  it('gains fields where there were none, and loses parents that are left empty', () => {
    const more = changed(FILE, ['constraints', 'resolution'], 0.01);
    expect(read(more).problem).toMatchObject({ constraints: { resolution: 0.01 } });
    const less = read(changed(more, ['constraints', 'resolution'], undefined)).problem;
    expect(less).not.toHaveProperty('constraints');
    expect(read(changed(FILE, ['strategy', 'seed'], undefined)).problem).not.toHaveProperty('strategy');
  });

  it('says on which line it cannot be read', () => {
    const { problem, fault } = read('kind: optimize\nstructure: {prototype: [\n');
    expect(problem).toBeNull();
    expect(fault?.line).toBeGreaterThanOrEqual(2);
    expect(read('- 1').fault?.message).toContain('mapping');
    expect(read('a: &x 1\nb: *x').fault).not.toBeNull();
    expect(read('kind: scan\nkind: scan').fault).not.toBeNull();
  });

  it('reads No as nobelium and 1e-3 as a number, as the service does', () => {
    expect(read('elements: {No: [0, 1e-3]}').problem).toEqual({ elements: { No: [0, 0.001] } });
  });

  it('is written with short things on one line and comes back the same', () => {
    const problem = {
      kind: 'optimize',
      structure: { prototype: 'wurtzite', species: ['Al', 'N'] },
      sublattices: [{ name: 'cation', sites: ['Al'], elements: { Al: [0, 1], Sc: [0, 0.5] } }],
    };
    const text = written(problem);
    expect(text).toContain('structure: {prototype: wurtzite, species: [Al, N]}');
    expect(read(text).problem).toEqual(problem);
    const file = 'data_x\n_cell_length_a 3\n';
    expect(written({ structure: { cif: file } })).toBe(
      'structure:\n  cif: |\n    data_x\n    _cell_length_a 3\n',
    );
    expect(read(changed(text, ['structure'], { cif: file })).problem).toMatchObject({
      structure: { cif: file },
    });
  });

  it('leaves out what the service filled in with nothing', () => {
    expect(pruned({ a: null, b: [], c: { d: null }, e: 0, f: [{ g: 1, h: null }], i: false })).toEqual({
      e: 0,
      f: [{ g: 1 }],
      i: false,
    });
  });
});
