/** Whether a surrogate may be believed: each evaluation against what all others predict of it. */

import type { LeftOut, SurrogateMap } from '../api/types';
import { plural } from '../format/words';
import type { Area } from '../plots/Chart.svelte';
import { extentOf, padded } from '../plots/scale';

/** Half the length of an error bar, in standard deviations; what lies outside of it is marked. */
export const DEVIATIONS = 2;

/** By place in `points`; null of an evaluation that a map has not predicted, or that came after it. */
export function predictedOf(
  map: SurrogateMap | null,
  points: readonly { index: number }[],
): (LeftOut | null)[] {
  const byIndex = new Map((map?.left_out ?? []).map((one) => [one.index, one]));
  return points.map(({ index }) => byIndex.get(index) ?? null);
}

/** One domain for both axes, so that the diagonal is one; bars that reach beyond are cut. */
export function domainOf(predicted: readonly (LeftOut | null)[]): [number, number] {
  return padded(extentOf(predicted.flatMap((one) => (one ? [one.value, one.mean] : []))) ?? [0, 1], 0.08);
}

/** The error bars of some as one path. */
export function barsIn(area: Area, predicted: readonly LeftOut[]): string {
  return predicted
    .map(({ value, mean, deviation }) => {
      const [low, high] = [area.y(mean - DEVIATIONS * deviation), area.y(mean + DEVIATIONS * deviation)];
      return `M${area.x(value).toFixed(1)} ${low.toFixed(1)}V${high.toFixed(1)}`;
    })
    .join('');
}

/** What the plot comes to, in a sentence. */
export function verdict(predicted: readonly (LeftOut | null)[]): string {
  const known = predicted.filter((one) => one !== null);
  const off = known.filter(({ outside }) => outside).length;
  if (off === 0) return `None of ${plural(known.length, 'evaluation')} is more than two deviations off.`;
  return (
    `${off} of ${plural(known.length, 'evaluation')} ${off === 1 ? 'is' : 'are'} more than two deviations off; ` +
    `one in twenty is to be expected.`
  );
}
