/** The picture of a surrogate over a triangle: viridis for the mean, hatching that grows with the uncertainty. */

import { viridis, type Rgb } from '../theme/colours';
import { interpolated, type Lattice } from './lattice';
import { frameHeight, toShares, type Frame } from './ternary';

/** Distance of the hatching's lines, pixels. */
const PERIOD = 7;
/** Standard deviation, as a part of the range of the colours, at which lines cover half of the ground. */
export const HALF_COVERED = 0.25;
/** Below this part of the range nothing is hatched. */
export const SURE = 0.01;

/** Part of the ground that is hatched at a standard deviation, given as a part of the range of the colours. */
export function coverage(relative: number): number {
  if (!(relative > SURE)) return 0;
  return Math.min(0.75, (0.5 * relative) / HALF_COVERED + 0.08);
}

export interface FieldLook {
  low: number;
  high: number;
  /** Colour of the hatching: that of the ground behind. */
  ground: Rgb;
  /** Pixels of the picture for one of the plot. */
  density: number;
  /** 1 where nothing around is known, which is hatched whatever the deviation. */
  beyond?: Lattice;
}

/** Part of the ground that is hatched where nothing is known. */
const UNKNOWN = 0.5;

/** RGBA of the box around the triangle, clear outside of it. */
export function fieldPixels(
  mean: Lattice,
  deviation: Lattice,
  side: number,
  look: FieldLook,
): { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> } {
  const width = Math.ceil(side * look.density);
  const height = Math.ceil(frameHeight(side) * look.density);
  const data = new Uint8ClampedArray(4 * width * height);
  const frame: Frame = { left: 0, top: 0, side };
  const range = look.high - look.low;
  const colours = Array.from({ length: 256 }, (_, k) => viridis(k / 255));
  for (let row = 0; row < height; row += 1) {
    const y = (row + 0.5) / look.density;
    for (let column = 0; column < width; column += 1) {
      const x = (column + 0.5) / look.density;
      const shares = toShares({ x, y }, frame);
      if (shares[0] < 0 || shares[1] < 0 || shares[2] < 0) continue;
      const value = interpolated(mean, shares);
      if (Number.isNaN(value)) continue;
      const level = range > 0 ? (value - look.low) / range : 0.5;
      const colour = colours[Math.round(255 * Math.min(1, Math.max(0, level)))]!;
      const unsure = range > 0 ? coverage(interpolated(deviation, shares) / range) : 0;
      const unknown = look.beyond !== undefined && interpolated(look.beyond, shares) > 0.5;
      const covered = unknown ? Math.max(UNKNOWN, unsure) : unsure;
      const part = covered === 0 ? 0 : 0.7 * hatched(x, y, covered, look.density);
      const at = 4 * (row * width + column);
      data[at] = colour[0] + part * (look.ground[0] - colour[0]);
      data[at + 1] = colour[1] + part * (look.ground[1] - colour[1]);
      data[at + 2] = colour[2] + part * (look.ground[2] - colour[2]);
      data[at + 3] = 255;
    }
  }
  return { width, height, data };
}

/** How much of a pixel a diagonal line covers, 0 to 1, with soft edges. */
function hatched(x: number, y: number, covered: number, density: number): number {
  const across = (((x + y) / Math.SQRT2) % PERIOD) / PERIOD;
  const fromMiddle = Math.abs(across - 0.5) * PERIOD;
  const soft = 0.7 / density;
  return Math.min(1, Math.max(0, ((covered * PERIOD) / 2 - fromMiddle) / soft + 0.5));
}

/** The picture as a PNG in a data: URL, so that it also travels with a downloaded SVG; null without a canvas. */
export function fieldPicture(
  mean: Lattice,
  deviation: Lattice,
  side: number,
  look: FieldLook,
): string | null {
  const { width, height, data } = fieldPixels(mean, deviation, side, look);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas.toDataURL('image/png');
}
