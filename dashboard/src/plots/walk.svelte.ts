/** A walk through a list, whose entries are called by their places. */

import type { Selection } from './selection';

export class Walk implements Selection {
  hovered = $state<number | null>(null);
  chosen = $state<number | null>(null);
  brushed: ReadonlySet<number> | null = null;

  /**
   * @param count how many entries there are
   * @param first which is shown while none is pointed at or chosen
   */
  constructor(
    readonly count: () => number,
    readonly first: () => number | null,
  ) {}

  points = $derived.by(() => Array.from({ length: this.count() }, (_, index) => ({ index })));
  shown = $derived.by(() => this.points[this.hovered ?? this.chosen ?? this.first() ?? -1] ?? null);

  choose(index: number | null): void {
    this.chosen = index;
  }

  step(by: number): void {
    if (this.points.length === 0) return;
    const there = Math.min(this.points.length - 1, Math.max(0, (this.shown?.index ?? 0) + by));
    this.hovered = null;
    this.chosen = there;
  }
}
