/** What differs between problems, and between compositions. */

import type { Composition } from '../api/types';
import { pruned } from '../new/document';
import { isObject, type Json } from '../new/json';

export interface Difference {
  /** With dots between its parts, e.g. `objectives.1.tolerance`; places are counted from 1. */
  path: string;
  /** Of each problem, as text; null where it has no such field. */
  values: (string | null)[];
}

/** Longest text of a value. */
const LONGEST = 120;

/** Fields that differ between any two of the problems, each as small as it can be told. Names are no difference. */
export function differences(problems: readonly Json[]): Difference[] {
  const found: Difference[] = [];
  compare(
    problems.map((problem) => pruned(problem) ?? {}),
    '',
    found,
  );
  return found.filter(({ path }) => path !== 'name');
}

function compare(values: readonly (Json | undefined)[], path: string, found: Difference[]): void {
  if (new Set(values.map((value) => JSON.stringify(sorted(value)))).size === 1) return;
  const within = (key: string) => (path === '' ? key : `${path}.${key}`);
  if (values.every(isObject)) {
    const keys = new Set(values.flatMap((value) => Object.keys(value)));
    for (const key of keys) {
      compare(
        values.map((value) => value[key]),
        within(key),
        found,
      );
    }
    return;
  }
  // Lists of one length are told item by item, where their items have fields of their own.
  const lists = values.filter((value) => Array.isArray(value));
  if (lists.length === values.length && lists.every((list) => list.length === lists[0]!.length)) {
    if (lists.every((list) => list.every(isObject))) {
      lists[0]!.forEach((_, k) =>
        compare(
          lists.map((list) => list[k]),
          within(String(k + 1)),
          found,
        ),
      );
      return;
    }
  }
  found.push({ path, values: values.map(told) });
}

function told(value: Json | undefined): string | null {
  if (value === undefined || value === null) return null;
  const text =
    typeof value === 'string' ? value : JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** The same value with its fields in order, so that equal ones have equal texts. */
function sorted(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((one) => sorted(one) ?? null);
  if (!isObject(value)) return value;
  const entries = Object.keys(value).sort();
  return Object.fromEntries(entries.map((key) => [key, sorted(value[key]) ?? null]));
}

export interface Change {
  /** With its sublattice before it where several have changed. */
  element: string;
  by: number;
}

/** Smaller changes of a fraction are rounding. */
const LEAST = 5e-5;

/** By how much the fractions of a composition are those of another one and more; null where they share no sublattice. */
export function compositionChange(from: Composition, to: Composition): Change[] | null {
  const shared = Object.keys(from).filter((name) => name in to);
  if (shared.length === 0) return null;
  const changes = shared.flatMap((sublattice) =>
    [...new Set([...Object.keys(from[sublattice]!), ...Object.keys(to[sublattice]!)])].map((element) => ({
      sublattice,
      element,
      by: (to[sublattice]![element] ?? 0) - (from[sublattice]![element] ?? 0),
    })),
  );
  const told = changes.filter(({ by }) => Math.abs(by) > LEAST);
  const several = new Set(told.map(({ sublattice }) => sublattice)).size > 1;
  return told.map(({ sublattice, element, by }) => ({
    element: several ? `${sublattice}:${element}` : element,
    by,
  }));
}
