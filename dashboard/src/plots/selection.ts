/** What a plot lets people point at, choose and walk through by the keyboard: evaluations, orderings, temperatures. */

export interface Selection {
  /** Numbers of what is under the pointer, and of what was chosen by a click or the keyboard. */
  hovered: number | null;
  chosen: number | null;
  /** What a brush has selected; null without one. */
  brushed: ReadonlySet<number> | null;
  /** All that can be chosen, in the order of the walk. */
  readonly points: readonly { index: number }[];
  /** What every view shows. */
  readonly shown: { index: number } | null;
  choose(index: number | null): void;
  /** Choose what is `by` places further on. */
  step(by: number): void;
}
