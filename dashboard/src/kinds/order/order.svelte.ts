/** What the parts of the page of a job of kind order share: the answer, the composition at hand, the ordering at hand. */

import type { Ordering } from '../../api/types';
import type { JobView } from '../../job/view.svelte';
import { Walk } from '../../plots/walk.svelte';
import { key, orderAnswer } from './answer';

export class OrderView {
  #composition = $state(0);
  readonly walk: Walk;

  constructor(readonly view: JobView) {
    this.walk = new Walk(
      () => this.orderings.length,
      () => this.composition?.lowest ?? null,
    );
  }

  answer = $derived.by(() => orderAnswer(this.view.store.result));
  orderings = $derived.by((): readonly Ordering[] => this.answer?.orderings ?? []);
  compositions = $derived.by(() => this.answer?.compositions ?? []);
  /** Of each ordering, which composition it has. */
  #compositionOf = $derived.by(() => {
    const places = new Map(this.compositions.map(({ composition }, place) => [key(composition), place]));
    return this.orderings.map(({ composition }) => places.get(key(composition)) ?? 0);
  });

  /** The composition of the ordering that is chosen, or the one that was chosen itself. */
  place = $derived.by(() => {
    const { chosen } = this.walk;
    return chosen === null ? this.#composition : (this.#compositionOf[chosen] ?? 0);
  });
  composition = $derived.by(() => this.compositions[this.place] ?? null);
  #key = $derived.by(() => key(this.composition?.composition ?? {}));

  /** Orderings of the composition at hand, with their numbers. */
  own = $derived.by(() =>
    this.orderings.flatMap((ordering, index) =>
      this.#compositionOf[index] === this.place ? [{ ordering, index }] : [],
    ),
  );
  ladder = $derived.by(() => (this.answer?.ladder ?? []).filter((one) => key(one.composition) === this.#key));
  disordered = $derived.by(() => this.answer?.disordered.find((one) => key(one.composition) === this.#key));
  probability = $derived.by(() =>
    this.answer?.ordering_probability.find((one) => key(one.composition) === this.#key),
  );

  /** The ordering that every view shows. */
  shown = $derived.by(() => {
    const index = this.walk.shown?.index;
    const ordering = index === undefined ? undefined : this.orderings[index];
    return ordering === undefined ? null : { ordering, index: index! };
  });

  chooseComposition(place: number): void {
    this.#composition = place;
    this.walk.hovered = null;
    this.walk.choose(null);
  }
}
