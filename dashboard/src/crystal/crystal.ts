/** Crystals with partial occupancies: as matterviz draws them, and as CIF. */

import type { Crystal, Site } from 'matterviz/structure';
import type { CrystalState } from '../api/types';

type Vector = readonly [number, number, number];

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export interface Cell {
  a: number;
  b: number;
  c: number;
  alpha: number;
  beta: number;
  gamma: number;
  volume: number;
}

/** Lengths in Å, angles in degrees, volume in Å^3, of lattice vectors that are rows. */
export function cellOf(lattice: readonly (readonly number[])[]): Cell {
  const [va, vb, vc] = lattice as unknown as [Vector, Vector, Vector];
  const length = (v: Vector) => Math.sqrt(dot(v, v));
  const angle = (u: Vector, v: Vector) =>
    (180 / Math.PI) * Math.acos(Math.min(1, Math.max(-1, dot(u, v) / (length(u) * length(v)))));
  const cross: Vector = [
    vb[1] * vc[2] - vb[2] * vc[1],
    vb[2] * vc[0] - vb[0] * vc[2],
    vb[0] * vc[1] - vb[1] * vc[0],
  ];
  return {
    a: length(va),
    b: length(vb),
    c: length(vc),
    alpha: angle(vb, vc),
    beta: angle(va, vc),
    gamma: angle(va, vb),
    volume: Math.abs(dot(va, cross)),
  };
}

/** A picture of a crystal with so many pixels for one of the screen. */
export type Picture = (density: number) => HTMLCanvasElement;

/** Largest difference of angles, degrees, and of lengths, relative, that a relaxed crystal has from symmetric ones. */
const ALIKE = { angle: 0.05, length: 1e-4 };

/**
 * What a cell is called by its shape. The one that shows the symmetry has right angles, one of 120 degrees between equal
 * lengths, or one other angle between lengths that differ; any other is a primitive one.
 */
export function cellName({ a, b, c, alpha, beta, gamma }: Cell): 'conventional cell' | 'primitive cell' {
  const oblique = [
    { angle: alpha, between: [b, c] },
    { angle: beta, between: [a, c] },
    { angle: gamma, between: [a, b] },
  ].filter(({ angle }) => Math.abs(angle - 90) > ALIKE.angle);
  if (oblique.length === 0) return 'conventional cell';
  if (oblique.length > 1) return 'primitive cell';
  const { angle, between } = oblique[0]!;
  const equal = Math.abs(between[0]! - between[1]!) < ALIKE.length * between[0]!;
  return !equal || Math.abs(angle - 120) < ALIKE.angle ? 'conventional cell' : 'primitive cell';
}

const wrapped = (x: number) => {
  const inside = x - Math.floor(x);
  return inside > 1 - 1e-6 ? 0 : inside;
};

/** As matterviz draws it; the vacancies of a site are what its elements leave. */
export function drawable(state: CrystalState): Crystal {
  const matrix = state.lattice as unknown as [Vector, Vector, Vector];
  const sites = state.sites.map(({ species, frac }): Site => {
    const abc = frac.map(wrapped) as [number, number, number];
    const xyz = [0, 1, 2].map(
      (k) => abc[0] * matrix[0][k]! + abc[1] * matrix[1][k]! + abc[2] * matrix[2][k]!,
    );
    const held = Object.entries(species).filter(([element, occupancy]) => element !== 'Vac' && occupancy > 0);
    return {
      species: held.map(([element, occu]) => ({ element, occu, oxidation_state: 0 })) as Site['species'],
      abc,
      xyz: xyz as [number, number, number],
      label: held.map(([element]) => element).join('/'),
      properties: {},
    };
  });
  return {
    lattice: {
      matrix: matrix as unknown as Crystal['lattice']['matrix'],
      pbc: [true, true, true],
      ...cellOf(state.lattice),
    },
    sites: sites.filter(({ species }) => species.length > 0),
  };
}

/**
 * Half the width and height, Å, of what is seen of some places from a direction, with c pointing up.
 *
 * @param places Cartesian, Å
 * @param centre what the view is centred on
 * @param direction towards the eye: to the right, up (along c), and forwards (along -b*)
 */
export function halfExtents(
  places: readonly Vector[],
  centre: Vector,
  direction: Vector,
): { width: number; height: number } {
  const length = Math.sqrt(dot(direction, direction));
  const eye = direction.map((d) => d / length) as unknown as Vector;
  const flat = Math.hypot(eye[0], eye[2]);
  const right: Vector = [eye[2] / flat, 0, -eye[0] / flat];
  const up: Vector = [-eye[0] * (eye[1] / flat), flat, -eye[2] * (eye[1] / flat)];
  let width = 0;
  let height = 0;
  for (const place of places) {
    const [x, y, z] = [0, 1, 2].map((k) => place[k]! - centre[k]!) as [number, number, number];
    const upright: Vector = [x, z, -y];
    width = Math.max(width, Math.abs(dot(upright, right)));
    height = Math.max(height, Math.abs(dot(upright, up)));
  }
  return { width, height };
}

/** CIF without symmetry (P 1), one line for each element of a site. */
export function toCif(state: CrystalState, name: string, note: string): string {
  const cell = cellOf(state.lattice);
  const plain = name.replace(/[^\x20-\x7e]+/g, '_').replaceAll("'", '');
  const lines = [
    `data_${plain.replace(/[^A-Za-z0-9.-]+/g, '_') || 'crystal'}`,
    `_audit_creation_method '${note.replace(/[^\x20-\x7e]+/g, '_').replaceAll("'", '')}'`,
    "_symmetry_space_group_name_H-M 'P 1'",
    '_symmetry_Int_Tables_number 1',
    ...(['a', 'b', 'c'] as const).map((axis) => `_cell_length_${axis} ${cell[axis].toFixed(8)}`),
    ...(['alpha', 'beta', 'gamma'] as const).map((axis) => `_cell_angle_${axis} ${cell[axis].toFixed(8)}`),
    `_cell_volume ${cell.volume.toFixed(8)}`,
    'loop_',
    '_symmetry_equiv_pos_site_id',
    '_symmetry_equiv_pos_as_xyz',
    "1 'x, y, z'",
    'loop_',
    '_atom_site_label',
    '_atom_site_type_symbol',
    '_atom_site_fract_x',
    '_atom_site_fract_y',
    '_atom_site_fract_z',
    '_atom_site_occupancy',
  ];
  state.sites.forEach(({ species, frac }, k) => {
    for (const [element, occupancy] of Object.entries(species)) {
      if (element === 'Vac' || occupancy === 0) continue;
      const numbers = [...frac, occupancy].map((x) => x.toFixed(10).replace(/^-(0\.0+)$/, '$1'));
      lines.push([`${element}${k + 1}`, element, ...numbers].join(' '));
    }
  });
  return `${lines.join('\n')}\n`;
}
