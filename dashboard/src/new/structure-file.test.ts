import { describe, expect, it } from 'vitest';
import { formatOf } from './structure-file';

const POSCAR = 'NaCl\n1.0\n0 2.8 2.8\n2.8 0 2.8\n2.8 2.8 0\nNa Cl\n1 1\nDirect\n0 0 0\n.5 .5 .5\n';

describe('the text of a structure file', () => {
  it('is told by its content, or by its name where it has one', () => {
    expect(formatOf(POSCAR)).toBe('poscar');
    expect(formatOf(POSCAR.replaceAll('\n', '\r\n'))).toBe('poscar');
    expect(formatOf('data_GaN\n_cell_length_a 3.19\n')).toBe('cif');
    expect(formatOf('# 1\n\nloop_\n')).toBe('cif');
    expect(formatOf('anything', 'CONTCAR')).toBe('poscar');
    expect(formatOf(POSCAR, 'x.CIF')).toBe('cif');
  });
});
