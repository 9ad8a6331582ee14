/** The problem that is being made: its text is the truth, and every field is a view of it. */

import { UNNAMED } from '../kinds/find';
import { changed, pruned, read, written, type Read } from './document';
import { objectAt, type Json, type JsonObject, type Path } from './json';

const KEPT = 'orichalcum-draft';

const BLANK: JsonObject = {
  kind: UNNAMED,
  name: 'New problem',
  structure: { prototype: 'wurtzite', species: ['Al', 'N'] },
};

export class Draft {
  text = $state('');
  /** As last read; what the fields show while the text cannot be read. */
  problem = $state.raw<JsonObject>({});
  fault = $state.raw<Read['fault']>(null);

  constructor() {
    this.type(kept() ?? written(BLANK));
  }

  /** The text was typed, loaded or pasted. */
  type(text: string): void {
    this.text = text;
    const { problem, fault } = read(text);
    this.fault = fault;
    if (problem !== null) this.problem = problem;
    keep(text);
  }

  /** A field was changed; undefined removes it. */
  set(path: Path, value: Json | undefined): void {
    if (this.fault !== null) return;
    this.type(changed(this.text, path, value));
  }

  /** Several fields of a part were changed at once: what stayed the same keeps its comments. */
  replace(path: Path, part: JsonObject): void {
    const before = objectAt(this.problem, ...path);
    for (const key of new Set([...Object.keys(before), ...Object.keys(part)])) {
      if (JSON.stringify(before[key]) !== JSON.stringify(part[key])) this.set([...path, key], part[key]);
    }
  }

  /** Several fields of the problem were changed at once. */
  become(problem: JsonObject): void {
    this.replace([], problem);
  }

  /** Begin anew from a problem. */
  start(problem: JsonObject): void {
    this.type(written((pruned(problem) ?? {}) as JsonObject));
  }

  blank(): void {
    this.type(written(BLANK));
  }
}

function kept(): string | null {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null; // storage may be switched off
  }
}

function keep(text: string): void {
  try {
    sessionStorage.setItem(KEPT, text);
  } catch {
    // It then lasts until the page is left.
  }
}
