/** What the parts of the page of a job of kind free_energy share: the answer, and the free energy at hand. */

import type { FreeEnergy } from '../../api/types';
import type { JobView } from '../../job/view.svelte';
import { Walk } from '../../plots/walk.svelte';
import { alike, freeEnergyAnswer } from './answer';

export class FreeEnergies {
  readonly walk: Walk;

  constructor(readonly view: JobView) {
    view.store.followAnswer();
    this.walk = new Walk(
      () => this.all.length,
      () =>
        this.all.length === 0
          ? null
          : Math.max(
              0,
              this.all.findIndex((one) => one.free_energy !== null),
            ),
    );
  }

  answer = $derived.by(() => freeEnergyAnswer(this.view.store.result ?? this.view.store.answer));
  all = $derived.by((): readonly FreeEnergy[] => this.answer?.free_energies ?? []);
  /** Whether they are of several crystals or changes. */
  several = $derived.by(() => this.all.some((one) => !alike(one, this.all[0]!)));

  /** The free energy that every view shows. */
  shown = $derived.by(() => {
    const index = this.walk.shown?.index;
    const one = index === undefined ? undefined : this.all[index];
    return one === undefined ? null : { one, index: index! };
  });

  /** Those of the same crystal or change that could be computed, by temperature, with their places. */
  own = $derived.by(() => {
    const { shown } = this;
    return this.all
      .flatMap((one, index) => {
        const { free_energy: value } = one;
        return shown === null || value === null || !alike(one, shown.one) ? [] : [{ one, index, value }];
      })
      .sort((a, b) => a.one.temperature - b.one.temperature);
  });
}
