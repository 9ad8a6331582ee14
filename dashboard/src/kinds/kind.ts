/** What the dashboard has of a kind of problem: one room each, and nobody outside asks which kind it is. */

import type { Component } from 'svelte';
import type { Job, Progress } from '../api/types';
import type { JobView } from '../job/view.svelte';
import type { JsonObject } from '../new/json';

/** What the list of jobs and the head of a job's page say. */
export interface Row {
  /** How far a job is, e.g. "4 of at most 40 evaluations"; of a finished one, how far it came. */
  progress: (progress: Progress, final: boolean) => string;
  /** What stands in the list where the best composition would be; null to show that. */
  instead: (progress: Progress, final: boolean) => string | null;
}

export interface PageProps {
  view: JobView;
  job: Job;
}

export interface Kind {
  /** The choice of it on the page of a new job. */
  label: string;
  row: Row;
  /** What a job's page shows between its head and its details. Loaded with the first job of the kind. */
  page: () => Promise<{ default: Component<PageProps> }>;
  /** What the page of a new job asks for beyond what every kind needs. */
  form: () => Promise<{ default: Component }>;
  /** Fields that are asked for of every kind and that this problem has no use for, with dots before those of parts. */
  idle?: (problem: JsonObject) => readonly string[];
  /** The problem with what this kind needs to begin with. */
  begin: (problem: JsonObject) => JsonObject;
  /** The problem without what only this kind has a use for. */
  leave: (problem: JsonObject) => JsonObject;
}
