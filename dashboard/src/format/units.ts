/** Units as the service's catalogue describes them: how people read them, and how many digits mean something. */

import type { PropertyInfo } from '../api/types';
import { decimalsFor, withUnit } from './numbers';

export class Units {
  readonly #facts: ReadonlyMap<string, PropertyInfo>;

  /** Facts go by unit, so that a property such as mass_fraction:Na, which no catalogue can list, has them too. */
  constructor(properties: readonly PropertyInfo[] = []) {
    this.#facts = new Map(properties.map((one) => [one.unit, one]));
  }

  /** How people read it; as the API spells it while the catalogue has not been read. "1" is the API's plain number. */
  symbol(unit: string): string {
    return this.#facts.get(unit)?.symbol ?? (unit === '1' ? '' : unit);
  }

  /** Digits after the point: by the tolerance where there is one, else by the unit, else by the value. */
  decimals(unit: string, value: number, tolerance?: number | null): number {
    return tolerance == null
      ? (this.#facts.get(unit)?.decimals ?? decimalsFor(value, null))
      : decimalsFor(value, tolerance);
  }

  /** A sentence of the service with the units of its quantities as people read them. */
  pretty(text: string): string {
    // The longest first: Å^3/atom is no Å with something behind it.
    const spelled = [...this.#facts.values()]
      .filter(({ unit, symbol }) => unit !== symbol && symbol !== '')
      .sort((a, b) => b.unit.length - a.unit.length);
    return spelled.reduce(
      (said, { unit, symbol }) =>
        said.replaceAll(new RegExp(`(\\d) ${escaped(unit)}(?![\\w^/])`, 'g'), (_, digit: string) =>
          withUnit(digit, symbol),
        ),
      text,
    );
  }
}

/** The unit of a property in the catalogue, where mass_fraction:ELEMENT stands for any element's. */
export function unitOf(properties: readonly PropertyInfo[], name: string): string {
  const family = `${name.split(':')[0]}:`;
  const found =
    properties.find((one) => one.name === name) ?? properties.find((one) => one.name.startsWith(family));
  return found?.unit ?? '1';
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
