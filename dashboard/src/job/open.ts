/** A job for a page that shows it: followed until the page is left. */

import { onDestroy } from 'svelte';
import * as catalogue from '../api/catalogue';
import { JobStore } from './store.svelte';
import { JobView } from './view.svelte';

/** Call while a component is made. `onPaper`: see JobView. */
export function openJob(id: string, onPaper = false): JobView {
  const store = new JobStore(id);
  const view = new JobView(store, onPaper);
  onDestroy(() => store.close());
  catalogue.properties().then(
    (found) => (view.known = found),
    () => undefined, // units are then shown as the API spells them
  );
  return view;
}
