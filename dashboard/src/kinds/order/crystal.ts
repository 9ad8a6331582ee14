/** The crystal of an ordering as it is shown and saved. */

import type { Ordering } from '../../api/types';
import type { Shown } from '../../crystal/CrystalPanel.svelte';
import { compositionText } from '../../format/words';
import { fileName } from '../../plots/picture';
import { called } from './answer';
import type { OrderView } from './order.svelte';

export function crystalOf(order: OrderView, ordering: Ordering, index: number): Shown {
  const job = order.view.store.job?.name ?? 'orderings';
  return {
    structure: ordering.structure,
    subtitle: called(ordering, index),
    name: `${job} ${ordering.name ?? ''} ${index + 1}`,
    file: `${fileName(job)}-ordering-${index + 1}`,
    note: `Orichalcum, ${called(ordering, index)}: ${compositionText(ordering.composition)}, ${ordering.energy_per_atom} eV/atom`,
  };
}
