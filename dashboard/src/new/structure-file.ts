/** Which field of a problem the text of a structure file belongs into. */

export function formatOf(text: string, name = ''): 'cif' | 'poscar' {
  if (/\.cif$/i.test(name)) return 'cif';
  if (/poscar|contcar|\.vasp$/i.test(name)) return 'poscar';
  // A POSCAR's second line is a scale alone, and three vectors follow.
  const lines = text.split(/\r?\n/).map((line) => line.trim().split(/\s+/));
  const numbers = (line: string[] | undefined, count: number) =>
    line !== undefined &&
    line.length >= count &&
    line.slice(0, count).every((part) => Number.isFinite(Number(part)));
  const vectors = [2, 3, 4].every((row) => numbers(lines[row], 3));
  return numbers(lines[1], 1) && lines[1]![0] !== '' && vectors ? 'poscar' : 'cif';
}
