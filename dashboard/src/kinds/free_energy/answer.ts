/** What kind free_energy answers, as the views draw it. */

import type { Composition, FreeEnergy, FreeEnergyAnswer, Result, Switching } from '../../api/types';
import { fixed, fraction } from '../../format/numbers';
import { isObject } from '../../new/json';

export type Part = keyof NonNullable<FreeEnergy['contributions']>;

/** What a free energy may be made of, in the order in which it is shown. */
export const PARTS: readonly { part: Part; label: string; meaning: string }[] = [
  { part: 'static', label: 'Static', meaning: 'Energy at rest' },
  { part: 'harmonic', label: 'Harmonic', meaning: 'Classical vibrations of the harmonic crystal' },
  { part: 'anharmonic', label: 'Anharmonic', meaning: 'What the model has beyond its harmonic crystal' },
  {
    part: 'vibrational',
    label: 'Vibrational',
    meaning: 'Classical vibrations, harmonic and anharmonic together; of a vacancy all that is not at rest',
  },
  { part: 'quantum', label: 'Quantum', meaning: 'Quantum less classical vibrations of the harmonic crystal' },
  { part: 'mass', label: 'Mass', meaning: 'The masses of the atoms that change' },
  {
    part: 'centre_of_mass',
    label: 'Centre',
    meaning:
      'Of a change the mass of the whole supercell, whose centre is held; of a vacancy what 3 N vibrations of the crystal that takes the atom have beyond 3 N − 3',
  },
  { part: 'configurational', label: 'Configurational', meaning: '−T S of random sites of mixed sublattices' },
  { part: 'pressure_volume', label: 'P V', meaning: 'Pressure times volume' },
];

/** In which people read energies: those of an atom in meV, those of a vacancy in eV. */
const READ = {
  'eV/atom': { unit: 'meV/atom', factor: 1000, decimals: 2 },
  eV: { unit: 'eV per vacancy', factor: 1, decimals: 3 },
};

/** The unit in which the energies of an answer are shown, and by what they are multiplied for that. */
export function read({ unit }: Pick<FreeEnergy, 'unit'>): (typeof READ)[keyof typeof READ] {
  return READ[unit ?? 'eV/atom']; // answers of earlier versions have none
}

/** An energy of an answer as it is shown, without its unit. */
export function energy(of: Pick<FreeEnergy, 'unit'>, value: number | null | undefined): string {
  const { factor, decimals } = read(of);
  return value == null ? '–' : fixed(factor * value, decimals);
}

interface Verdict {
  text: string;
  tone: 'good' | 'doubtful' | 'bad';
}

const VERDICTS: Record<Switching['verdict'], Verdict> = {
  agree: { text: 'Converged', tone: 'good' },
  disagree: { text: 'Not converged', tone: 'bad' },
  unknown: { text: 'Not known whether converged', tone: 'doubtful' },
};

/** What forward and backward runs mean for the number; null where there are none. */
export function verdictOn({ switching, accurate }: FreeEnergy): Verdict | null {
  if (switching === null) return null;
  const coarse = switching.verdict === 'agree' && !accurate;
  return coarse ? { text: 'Less accurate than asked for', tone: 'doubtful' } : VERDICTS[switching.verdict];
}

/** The answer of a result, or of a job that goes on; null where there is none, or one of another version that has other parts. */
export function freeEnergyAnswer(result: Pick<Result, 'answer'> | null): FreeEnergyAnswer | null {
  const { free_energies: all, convention } = result?.answer ?? {};
  const known =
    Array.isArray(all) &&
    all.every(
      (one) =>
        isObject(one) &&
        isObject(one.composition) &&
        typeof one.temperature === 'number' &&
        typeof one.text === 'string' &&
        Array.isArray(one.warnings),
    );
  return known && typeof convention === 'string' ? (result!.answer as unknown as FreeEnergyAnswer) : null;
}

/** The name of a crystal by what it holds. */
export function crystal(composition: Composition): string {
  const parts = Object.values(composition).map((elements) =>
    Object.entries(elements)
      .filter(([, share]) => share !== 0)
      .map(([element, share]) => (share === 1 ? element : `${element} ${fraction(share)}`))
      .join(' '),
  );
  return parts.join(', ') || 'the crystal';
}

/** What it is the free energy of: a crystal, a change, a vacancy, or a crystal as one of two phases. */
export function named({ phase, start, composition, vacancy }: FreeEnergy): string {
  if (phase) return `${phase}: ${crystal(composition)}`;
  if (vacancy) return `a vacancy of ${vacancy.element} in ${crystal(composition)}`;
  return start === null ? crystal(composition) : `${crystal(start)} to ${crystal(composition)}`;
}

/** Whether two are of the same crystal or change. */
export function alike(one: FreeEnergy, other: FreeEnergy): boolean {
  const what = ({ phase, start, composition }: FreeEnergy) => JSON.stringify([phase, start, composition]);
  return what(one) === what(other);
}

/** What runs measure: from the harmonic crystal to the model, or between the potentials of both ends. */
export function switched({ start, contributions, switching }: FreeEnergy): number | null {
  if (switching?.difference != null) return switching.difference;
  if (!contributions) return null; // as answers of earlier versions
  const { static: rest, harmonic, anharmonic, vibrational } = contributions;
  if (start === null) return anharmonic;
  const vibrations = vibrational ?? (harmonic === null || anharmonic === null ? null : harmonic + anharmonic);
  return vibrations === null ? null : rest + vibrations;
}

/** Numbers with commas or blanks between; null where something else is among them. */
export function numbersIn(text: string): number[] | null {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const numbers = words.map(Number);
  return numbers.every(Number.isFinite) ? numbers : null;
}

/**
 * How high each mark is stacked upon others at about its place, from 0, in the order of the marks.
 *
 * @param places where the marks are, in pixels
 * @param width of a mark: those in the same strip of this width are stacked
 */
export function stacked(places: readonly number[], width: number): number[] {
  const heights = new Map<number, number>();
  return places.map((place) => {
    const strip = Math.floor(place / width);
    const height = heights.get(strip) ?? 0;
    heights.set(strip, height + 1);
    return height;
  });
}
