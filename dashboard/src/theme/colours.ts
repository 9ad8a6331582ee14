/** Colours of data: viridis for fields (perceptually uniform, readable by the colour-blind), Okabe-Ito for categories. */

/** Viridis at 17 evenly spaced places (Smith and van der Walt 2015), interpolated between them. */
const VIRIDIS = [
  [68, 1, 84],
  [72, 21, 103],
  [72, 40, 120],
  [69, 55, 129],
  [61, 74, 137],
  [54, 89, 140],
  [47, 105, 142],
  [41, 120, 142],
  [36, 135, 142],
  [31, 150, 139],
  [32, 164, 134],
  [51, 181, 122],
  [77, 194, 107],
  [122, 209, 81],
  [165, 219, 54],
  [210, 226, 27],
  [253, 231, 37],
] as const;

/** Okabe and Ito's eight, those that keep their contrast on white and on black first. */
export const CATEGORIES = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#8c8c8c',
  '#b8a800',
] as const;

export type Rgb = readonly [number, number, number];

/** The colour of `t` between 0 and 1; values beyond are clamped, NaN is the first colour. */
export function viridis(t: number): Rgb {
  const place = Math.min(1, Math.max(0, Number.isFinite(t) ? t : 0)) * (VIRIDIS.length - 1);
  const low = Math.min(VIRIDIS.length - 2, Math.floor(place));
  const part = place - low;
  const from = VIRIDIS[low]!;
  const to = VIRIDIS[low + 1]!;
  return [0, 1, 2].map((k) => Math.round(from[k]! + part * (to[k]! - from[k]!))) as unknown as Rgb;
}

export function css(colour: Rgb): string {
  return `rgb(${colour[0]} ${colour[1]} ${colour[2]})`;
}

/** A category's colour by its place in a list; it repeats after eight. */
export function category(place: number): string {
  return CATEGORIES[place % CATEGORIES.length]!;
}
