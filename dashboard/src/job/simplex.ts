/** Linear programs of a few variables: the simplex method on a dense table, in two phases. */

const NOTHING = 1e-10;

/**
 * The most that `goal` times x comes to where no row of `rows` times x is above its limit and no x is negative; null
 * where nothing obeys that, infinite where it has no end.
 */
export function most(
  goal: readonly number[],
  rows: readonly (readonly number[])[],
  limits: readonly number[],
): number | null {
  const [n, m] = [goal.length, rows.length];
  // Columns: the variables, one that makes every start feasible, the limits. Below the rows: the goal, and that one.
  const table = [
    ...rows.map((row, i) => [...row, -1, limits[i]!]),
    [...goal.map((value) => -value), 0, 0],
    [...goal.map(() => 0), 1, 0],
  ];
  const outside = [...goal.keys(), -1];
  const inside = Array.from({ length: m }, (_, i) => n + i);

  function pivot(r: number, s: number): void {
    const inverse = 1 / table[r]![s]!;
    table.forEach((row, i) => {
      if (i === r) return;
      const by = row[s]! * inverse;
      if (by !== 0) row.forEach((_, j) => j !== s && (row[j]! -= table[r]![j]! * by));
      row[s] = -by;
    });
    table[r]!.forEach((value, j) => j !== s && (table[r]![j] = value * inverse));
    table[r]![s] = inverse;
    [inside[r], outside[s]] = [outside[s]!, inside[r]!];
  }

  /** The place of the least value; of equals that of the lowest number, so that it ends. */
  function least(places: number[], value: (place: number) => number, number: readonly number[]): number {
    return places.reduce((best, place) => {
      const [here, there] = [value(place), value(best)];
      return here < there || (here === there && number[place]! < number[best]!) ? place : best;
    });
  }

  function climb(objective: number): boolean {
    for (;;) {
      const places = [...outside.keys()].filter((j) => objective === m + 1 || outside[j] !== -1);
      const s = least(places, (j) => table[objective]![j]!, outside);
      if (table[objective]![s]! > -NOTHING) return true;
      const bounded = [...inside.keys()].filter((i) => table[i]![s]! > NOTHING);
      if (bounded.length === 0) return false;
      pivot(
        least(bounded, (i) => table[i]![n + 1]! / table[i]![s]!, inside),
        s,
      );
    }
  }

  const worst = m === 0 ? -1 : least([...inside.keys()], (i) => table[i]![n + 1]!, inside);
  if (worst !== -1 && table[worst]![n + 1]! < -NOTHING) {
    pivot(worst, n);
    if (!climb(m + 1) || table[m + 1]![n + 1]! < -NOTHING) return null;
    const stays = inside.indexOf(-1);
    if (stays !== -1)
      pivot(
        stays,
        least([...outside.keys()], (j) => table[stays]![j]!, outside),
      );
  }
  return climb(m) ? table[m]![n + 1]! : Infinity;
}
