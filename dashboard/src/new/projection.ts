/** A crystal on paper: atoms and cell edges turned and flattened, farthest first. */

export type Vector = readonly [number, number, number];

export interface Site {
  index: number;
  element: string;
  frac: readonly number[];
}

export interface Atom {
  index: number;
  element: string;
  position: Vector;
  /** Whether it is the site itself rather than a copy of it in another cell. */
  home: boolean;
}

export interface View {
  /** Degrees about the vertical axis of the paper, then about the horizontal one. */
  turn: number;
  tilt: number;
}

const ON_FACE = 1e-3;
/** Cells are repeated along axes that are much shorter than this (Å): a cell of two atoms does not look like a crystal. */
const WIDE_ENOUGH = 7;

function cartesian(lattice: readonly (readonly number[])[], frac: readonly number[]): Vector {
  return [0, 1, 2].map((k) =>
    [0, 1, 2].reduce((sum, row) => sum + frac[row]! * lattice[row]![k]!, 0),
  ) as unknown as Vector;
}

/** How many cells are drawn along each axis. */
export function repeats(lattice: readonly (readonly number[])[], sites: number): Vector {
  const counts = lattice.map((row) =>
    Math.max(1, Math.min(2, Math.round(WIDE_ENOUGH / Math.hypot(...row) - 0.1))),
  );
  const few = sites * counts.reduce((product, count) => product * count, 1) <= 40;
  return (few ? counts : [1, 1, 1]) as unknown as Vector;
}

/** The atoms of so many cells along each axis with the copies on their far faces, and the edges of one cell. */
export function crystal(
  lattice: readonly (readonly number[])[],
  sites: readonly Site[],
  cells: Vector,
): { atoms: Atom[]; edges: [Vector, Vector][]; centre: Vector } {
  const atoms: Atom[] = [];
  for (const { index, element, frac } of sites) {
    const copies = frac.map((value, axis) => {
      const inside = value - Math.floor(value + ON_FACE);
      const places = Array.from({ length: cells[axis]! }, (_, n) => inside + n);
      return Math.abs(inside) <= ON_FACE ? [...places, inside + cells[axis]!] : places;
    });
    for (const [i, a] of copies[0]!.entries())
      for (const [j, b] of copies[1]!.entries())
        for (const [k, c] of copies[2]!.entries())
          atoms.push({
            index,
            element,
            position: cartesian(lattice, [a, b, c]),
            home: i + j + k === 0,
          });
  }
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => [bits & 1, (bits >> 1) & 1, (bits >> 2) & 1]);
  const edges = corners.flatMap((corner) =>
    [0, 1, 2]
      .filter((axis) => corner[axis] === 0)
      .map((axis): [Vector, Vector] => {
        const end = corner.map((value, k) => (k === axis ? 1 : value));
        return [cartesian(lattice, corner), cartesian(lattice, end)];
      }),
  );
  return {
    atoms,
    edges,
    centre: cartesian(
      lattice,
      cells.map((count) => count / 2),
    ),
  };
}

/** Paper coordinates (x right, y down) and depth (towards the eye) of a point, in Å. */
export function project(point: Vector, centre: Vector, view: View): Vector {
  const [x, y, z] = [0, 1, 2].map((k) => point[k]! - centre[k]!) as unknown as [number, number, number];
  const turn = (view.turn * Math.PI) / 180;
  const tilt = (view.tilt * Math.PI) / 180;
  // z is up on the paper; the eye looks along y.
  const right = x * Math.cos(turn) + y * Math.sin(turn);
  const away = -x * Math.sin(turn) + y * Math.cos(turn);
  const up = z * Math.cos(tilt) + away * Math.sin(tilt);
  const near = -away * Math.cos(tilt) + z * Math.sin(tilt);
  return [right, -up, near];
}
