/** The repository's own examples, bundled when the dashboard is built. */

import { read } from './document';
import { textAt } from './json';

const FILES = import.meta.glob<string>('../../../examples/*.yaml', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export interface Example {
  name: string;
  text: string;
}

/** Those that a service can run: a model file of one's own is for `orichalcum run` only. */
export const EXAMPLES: readonly Example[] = Object.values(FILES)
  .map((text) => ({ text, problem: read(text).problem }))
  .filter(({ problem }) => problem !== null && textAt(problem, 'potential', 'file') === undefined)
  .map(({ text, problem }) => ({ name: textAt(problem, 'name') ?? 'example', text }));
