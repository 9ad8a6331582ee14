/** A place of a slice that can be dragged, beside the evaluations that can be chosen. */

export interface Probe {
  /** Where it is: shares of the slice's elements. */
  readonly shares: readonly number[];
  /** The pointer wants it here; shares may lie outside of what is possible. */
  move(shares: readonly number[]): void;
}
