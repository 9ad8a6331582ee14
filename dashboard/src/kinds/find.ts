/** Finding the room of a kind. The table has no default: what is not in it is unknown, and shown as that. */

import type { KindInfo } from '../api/types';
import { textAt, type JsonObject } from '../new/json';
import * as table from './index';
import type { Kind } from './kind';
import { unknown } from './unknown';

const KINDS: Readonly<Record<string, Kind>> = { ...table };

/** What the service takes a problem for that names no kind. */
export const UNNAMED = 'optimize';

export function kindNamed(name: string): Kind {
  return Object.hasOwn(KINDS, name) ? KINDS[name]! : unknown;
}

export function nameOfKind(problem: JsonObject): string {
  return textAt(problem, 'kind') ?? UNNAMED;
}

export interface Choice {
  name: string;
  label: string;
}

/** The kinds that the service offers, whether the dashboard knows them or not; while it has not said, those known. */
export function choices(offered: readonly KindInfo[]): Choice[] {
  const all = Object.entries(KINDS).map(([name, { label }]) => ({ name, label }));
  if (offered.length === 0) return all;
  return offered.map(({ name, summary }) => ({
    name,
    label: all.find((one) => one.name === name)?.label ?? summary.replace(/\.$/, ''),
  }));
}

/**
 * Whether a kind uses a field of a problem, written with a dot before a field of a part.
 *
 * @param info what the service says of the kind; where it says nothing, every field may be of use
 */
export function takes(info: KindInfo | null, path: string): boolean {
  if (info === null) return true;
  const part = path.split('.')[0]!;
  return info.fields.some((field) => field === path || field === part || field.startsWith(`${path}.`));
}
