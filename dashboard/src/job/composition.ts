/** What the composition plots draw, from the evaluations and the surrogate's map. */

import type { Composition, SurrogateMap } from '../api/types';
import { interpolated, latticeOf, type Lattice } from '../plots/lattice';
import type { Shares } from '../plots/ternary';
import { along, distance, projected, type Slice } from './slice';
import { lossOf, type Wish } from './objectives';
import type { Point } from './store.svelte';

/** An evaluation farther than this from a slice (in a fraction) is drawn faintly. */
export const ON_THE_SLICE = 0.02;

export interface Place {
  shares: number[];
  faint: boolean;
}

/** Where each evaluation falls on a slice; null where it has none of its elements. */
export function placesOn(
  points: readonly Point[],
  slice: Slice,
  through: Composition | null,
): (Place | null)[] {
  return points.map(({ evaluation }) => {
    const found = projected(evaluation.composition, slice);
    if (found === null) return null;
    const faint = through !== null && distance(evaluation.composition, slice, through) > ON_THE_SLICE;
    return { shares: found.shares, faint };
  });
}

export interface MapLattices {
  mean: Lattice;
  deviation: Lattice;
  /** 1 where nothing around is known, else 0. */
  beyond: Lattice;
}

/** A map over three elements as values on a lattice; null if it is not one. */
export function latticesOf(map: SurrogateMap, slice: Slice): MapLattices | null {
  const shares = map.compositions.map(
    (composition) => projected(composition, slice)?.shares as Shares | undefined,
  );
  if (shares.some((one) => one === undefined || one.length !== 3)) return null;
  const mean = latticeOf(shares as Shares[], map.mean);
  const deviation = latticeOf(shares as Shares[], map.deviation);
  const beyond = latticeOf(
    shares as Shares[],
    map.mean.map((_, k) => Number(map.beyond?.[k] ?? false)),
  );
  return mean && deviation && beyond && { mean, deviation, beyond };
}

export interface BandPoint {
  share: number;
  mean: number;
  deviation: number;
  feasible: boolean;
  /** Nothing around is known: beyond the data, or where one phase gives way to another. */
  beyond: boolean;
}

/** A map over two elements as a line with its band, by the share of the second. */
export function bandOf(map: SurrogateMap, slice: Slice): BandPoint[] {
  const found = map.compositions.flatMap((composition, k) => {
    const share = projected(composition, slice)?.shares[1];
    if (share === undefined) return [];
    return [
      {
        share,
        mean: map.mean[k]!,
        deviation: map.deviation[k]!,
        feasible: map.feasible[k]!,
        beyond: map.beyond?.[k] ?? false,
      },
    ];
  });
  return found.sort((a, b) => a.share - b.share);
}

/** Stretches of a line, from share to share, around which nothing is known. */
export function unknownStretches(band: readonly BandPoint[]): [number, number][] {
  const found: [number, number][] = [];
  let before = false;
  band.forEach(({ share, beyond }) => {
    if (beyond && before) found.at(-1)![1] = share;
    else if (beyond) found.push([share, share]);
    before = beyond;
  });
  return found;
}

/** A map that misses an evaluation by more than this part of the range of the values is not to be trusted there. */
const NOTEWORTHY = 0.02;

/**
 * How far a map is from what was evaluated on its slice, at the worst: more than three of its standard deviations and
 * a noteworthy part of the range of values. Null where it agrees everywhere.
 */
export function worstMiss(
  map: SurrogateMap,
  slice: Slice,
  points: readonly Point[],
  places: readonly (Place | null)[],
): { index: number; miss: number } | null {
  const band = slice.elements.length === 2 ? bandOf(map, slice) : null;
  const lattices = slice.elements.length === 3 ? latticesOf(map, slice) : null;
  let worst: { index: number; miss: number } | null = null;
  let [low, high] = [Infinity, -Infinity];
  points.forEach(({ index, evaluation }, k) => {
    const place = places[k];
    const value = evaluation.properties[map.property]?.value;
    if (!place || place.faint || !evaluation.converged || value === undefined) return;
    [low, high] = [Math.min(low, value), Math.max(high, value)];
    const expected = band
      ? betweenPoints(band, place.shares[1]!)
      : lattices && {
          mean: interpolated(lattices.mean, place.shares as unknown as Shares),
          deviation: interpolated(lattices.deviation, place.shares as unknown as Shares),
        };
    if (!expected) return;
    const miss = Math.abs(value - expected.mean);
    if (miss > 3 * expected.deviation && miss > (worst?.miss ?? 0)) worst = { index, miss };
  });
  return worst !== null && (worst as { miss: number }).miss > NOTEWORTHY * (high - low) ? worst : null;
}

/** A line's mean and deviation at a share, linear between its points; null beyond them. */
export function betweenPoints(
  band: readonly BandPoint[],
  share: number,
): { mean: number; deviation: number } | null {
  const right = band.findIndex((point) => point.share >= share - 1e-12);
  if (right === -1 || band.length < 2) return null;
  const [a, b] = [band[Math.max(0, right - 1)]!, band[Math.max(1, right)]!];
  const part = (share - a.share) / (b.share - a.share);
  if (part < -1e-9) return null;
  return {
    mean: a.mean + part * (b.mean - a.mean),
    deviation: a.deviation + part * (b.deviation - a.deviation),
  };
}

export interface Arrow {
  /** Place in the list of evaluations. */
  place: number;
  /** Change of shares for the better per unit of fraction, adding up to zero. */
  change: Shares;
  /** Length of the gradient: improvement per unit of fraction, in the steepest direction. */
  steepness: number;
}

/** Most arrows that are drawn; of more evaluations, evenly many. */
const MOST_ARROWS = 80;

/** Downhill directions on a triangle, as the service says; what is within its tolerance already has none. */
export function arrowsOn(
  points: readonly Point[],
  places: readonly (Place | null)[],
  wishes: readonly Wish[],
  slice: Slice,
): Arrow[] {
  const onlyTargets = wishes.every(({ hasTarget }) => hasTarget);
  const stride = Math.ceil(points.length / MOST_ARROWS);
  return points.flatMap(({ evaluation }, place) => {
    if (place % stride !== 0 || places[place] == null || places[place]!.faint) return [];
    if (onlyTargets && (lossOf(evaluation) ?? Infinity) < 1) return [];
    const downhill = evaluation.assessment?.downhill;
    const parts = downhill && along(downhill, slice);
    if (!parts) return [];
    const steepness = Math.hypot(...parts);
    return steepness > 0 ? [{ place, change: parts as unknown as Shares, steepness }] : [];
  });
}
