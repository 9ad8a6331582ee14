/** Marks in SVG's path notation: many of one kind are one path, so that thousands stay quick to draw. */

import type { Pixel } from './ternary';

export function dots(places: readonly Pixel[], radius: number): string {
  const r = radius.toFixed(2);
  const d = (2 * radius).toFixed(2);
  return places
    .map(
      ({ x, y }) =>
        `M${(x - radius).toFixed(1)} ${y.toFixed(1)}a${r} ${r} 0 1 0 ${d} 0a${r} ${r} 0 1 0 -${d} 0`,
    )
    .join('');
}

export function crosses(places: readonly Pixel[], radius: number): string {
  const d = (2 * radius).toFixed(2);
  return places
    .map(({ x, y }) => `M${(x - radius).toFixed(1)} ${(y - radius).toFixed(1)}l${d} ${d}m0 -${d}l-${d} ${d}`)
    .join('');
}

/** A straight arrow with an open head. */
export function arrow(from: Pixel, by: Pixel, head = 4): string {
  const length = Math.hypot(by.x, by.y);
  if (length < 1) return '';
  const tip = { x: from.x + by.x, y: from.y + by.y };
  const size = Math.min(head, 0.6 * length);
  const back = { x: (-by.x / length) * size, y: (-by.y / length) * size };
  const left = { x: tip.x + back.x - 0.6 * back.y, y: tip.y + back.y + 0.6 * back.x };
  const right = { x: tip.x + back.x + 0.6 * back.y, y: tip.y + back.y - 0.6 * back.x };
  const at = ({ x, y }: Pixel) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M${at(from)}L${at(tip)}M${at(left)}L${at(tip)}L${at(right)}`;
}

/** Place in the list of the mark nearest to a pixel, or null if none is within reach. */
export function nearest(places: readonly (Pixel | null)[], pixel: Pixel, reach = 28): number | null {
  let best: number | null = null;
  let least = reach ** 2;
  for (let k = 0; k < places.length; k += 1) {
    const place = places[k];
    if (!place) continue;
    const distance = (place.x - pixel.x) ** 2 + (place.y - pixel.y) ** 2;
    // The later of two that lie on one another: it is drawn on top.
    if (distance <= least) {
      least = distance;
      best = k;
    }
  }
  return best;
}
