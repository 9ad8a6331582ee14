/** The problem file as text and as a document: fields are changed in place, so that comments and layout stay. */

import { Document, isCollection, parseDocument, visit, type Node } from 'yaml';
import { isObject, type Json, type JsonObject, type Path } from './json';

export interface Read {
  /** Null where the text cannot be read. */
  problem: JsonObject | null;
  fault: { message: string; line: number | null } | null;
}

const PARSING = { uniqueKeys: true, prettyErrors: false, version: '1.2' } as const;
const WRITING = { lineWidth: 0, flowCollectionPadding: false } as const;
/** Longest collection that is written on one line, in characters of JSON. */
const ONE_LINE = 76;

export function read(text: string): Read {
  const document = parseDocument(text, PARSING);
  const error = document.errors[0];
  if (error) {
    const line = text.slice(0, error.pos[0]).split('\n').length;
    return { problem: null, fault: { message: error.message, line } };
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    if (isObject(value)) return { problem: value, fault: null };
    const message = 'A problem is a mapping with fields such as structure and sublattices.';
    return { problem: null, fault: { message, line: null } };
  } catch (error_) {
    return { problem: null, fault: { message: String(error_), line: null } };
  }
}

/** The text with the field at `path` set, or removed where `value` is undefined; parents left empty go too. */
export function changed(text: string, path: Path, value: Json | undefined): string {
  const document = parseDocument(text, PARSING);
  if (value === undefined) remove(document, [...path]);
  else document.setIn(path, node(document, value));
  return document.toString(WRITING);
}

/** A problem as the text of a new file. */
export function written(problem: JsonObject): string {
  const document = new Document(null, PARSING);
  const top = document.createNode({});
  document.contents = top as unknown as typeof document.contents;
  for (const [key, value] of Object.entries(problem)) document.setIn([key], node(document, value));
  return document.toString(WRITING);
}

function remove(document: ReturnType<typeof parseDocument>, path: (string | number)[]): void {
  document.deleteIn(path);
  while (path.length > 1) {
    path.pop();
    const parent = document.getIn(path);
    // An empty list stays a list: other items' pointers must not move, and `[]` is a legal value.
    if (!isCollection(parent) || parent.items.length > 0 || typeof path.at(-1) === 'number') return;
    document.deleteIn(path);
  }
}

function node(document: Document | ReturnType<typeof parseDocument>, value: Json): Node {
  const made = document.createNode(value) as Node;
  visit(made, {
    Collection(_key, item) {
      const json = JSON.stringify(item.toJS(document as Document));
      // Lines of text keep their lines.
      item.flow = json.length <= ONE_LINE && !json.includes('\\n');
      if (item.flow) return visit.SKIP;
      return undefined;
    },
  });
  return made;
}

/** Fields whose null says "none", where nothing would say "as ever". */
const NONE = new Set(['/order/enumerate', '/order/search', '/order/random', '/order/probability']);

/** A problem as people would write it: what the service filled in with nothing is left out. */
export function pruned(value: Json, path = ''): Json | undefined {
  if (value === null) return NONE.has(path) ? null : undefined;
  if (Array.isArray(value)) {
    const kept = value.map((one) => pruned(one, `${path}/-`)).filter((one): one is Json => one !== undefined);
    return kept.length > 0 ? kept : undefined;
  }
  if (!isObject(value)) return value;
  const kept = Object.entries(value).flatMap(([key, one]): [string, Json][] => {
    const left = pruned(one, `${path}/${key}`);
    return left === undefined ? [] : [[key, left]];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}
