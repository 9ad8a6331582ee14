/** What every part of the page shares: the draft, what the service says about it, and what can be asked for. */

import { getContext, setContext } from 'svelte';
import type {
  FieldError,
  KindInfo,
  PotentialInfo,
  PropertyInfo,
  PrototypeInfo,
  SiteOfProblem,
} from '../api/types';
import type { Checking } from './checking.svelte';
import type { Draft } from './draft.svelte';

export interface Catalogue {
  potentials: PotentialInfo[];
  prototypes: PrototypeInfo[];
  properties: PropertyInfo[];
  /** None where the service does not say which it has. */
  kinds: KindInfo[];
}

export interface Making {
  draft: Draft;
  checking: Checking;
  /** Everything that is wrong, about the crystal too where the rest of the problem hides it. */
  readonly faults: readonly FieldError[];
  catalogue: Catalogue;
  /** What the service says of the draft's kind; null where it says nothing. */
  readonly kind: KindInfo | null;
  /** Elements that the chosen potential knows; all where it is not known itself. */
  readonly known: ReadonlySet<string> | null;
  /** Sites of the parent crystal; none while it cannot be read. */
  readonly sites: readonly SiteOfProblem[];
  readonly lattice: readonly (readonly number[])[];
}

const KEY = Symbol('making');

export function provideMaking(making: Making): Making {
  return setContext(KEY, making);
}

export function useMaking(): Making {
  return getContext<Making>(KEY);
}
