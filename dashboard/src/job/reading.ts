/** The service's sentences about a result, by the part of the answer card that holds each; none is shown twice. */

import type { Result, Verification } from '../api/types';

type Message = Result['reading'][number];

export interface Arranged {
  /** The answer in a line. */
  headline: string | null;
  /** Of each wish, how far it is met. */
  targets: (string | null)[];
  /** How sure the composition is, and where it is one of many. */
  sure: string[];
  verification: string[];
  potentials: string[];
  warnings: string[];
  /** What holds the answer back, and why the search ended. */
  ended: string[];
  /** How it was found. */
  notes: string[];
  /** What no part above holds. */
  rest: string[];
}

/**
 * Sort the sentences of a reading.
 *
 * @param wished properties of the wishes that are shown, in order; their targets' sentences stand there
 * @param said sentences that stand elsewhere on the page
 */
export function arranged(
  messages: readonly Message[],
  wished: readonly string[] = [],
  said: readonly string[] = [],
): Arranged {
  const left = messages.filter(({ text }) => !said.includes(text));
  const of = (role: Message['role']) => left.filter((one) => one.role === role).map(({ text }) => text);
  const [headline = null, ...more] = of('headline');
  const unplaced = of('target');
  const targets = wished.map((property) => {
    const place = unplaced.findIndex((text) => text.startsWith(`${property} `));
    return place < 0 ? null : unplaced.splice(place, 1)[0]!;
  });
  return {
    headline,
    targets,
    sure: of('uncertainty'),
    verification: of('verification'),
    potentials: of('potential'),
    warnings: of('warning'),
    ended: [...of('limit'), ...of('stopped')],
    notes: of('note'),
    rest: [...more, ...of('answer'), ...unplaced],
  };
}

export interface Piece {
  text: string;
  /** Whether it is set low, as the numbers of a formula are. */
  low: boolean;
}

/** The formula that a headline begins with, its numbers set low, and what is said of it. */
export function formulaIn(headline: string): { formula: Piece[]; words: string } {
  const end = headline.search(/[,:]/);
  const [start, words] = end < 0 ? [headline, ''] : [headline.slice(0, end), headline.slice(end)];
  const formula: Piece[] = [];
  let at = 0;
  for (const found of start.matchAll(/(?<=[A-Z][a-z]?|\))\d+(?:\.\d+)?/g)) {
    if (found.index > at) formula.push({ text: start.slice(at, found.index), low: false });
    formula.push({ text: found[0], low: true });
    at = found.index + found[0].length;
  }
  if (at < start.length) formula.push({ text: start.slice(at), low: false });
  return { formula, words };
}

/** Whether a sentence is of an entry that holds, of one that does not, or of none that is decided. */
export function verdictOf(text: string, verification: readonly Verification[] | null | undefined): string {
  const entry = (verification ?? []).find((one) => one.text === text);
  return entry?.holds == null ? '' : entry.holds ? 'good' : 'bad';
}
