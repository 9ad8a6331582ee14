/** What the parts of a job's page share: the selection, the property and the slice that are looked at, what is best. */

import type { Composition, PropertyInfo } from '../api/types';
import { Units } from '../format/units';
import type { Selection } from '../plots/selection';
import { SurrogateFields } from './maps.svelte';
import { bestSlice, freedom, overText, sameComposition, slicesOf, type Slice } from './slice';
import { bestPlaces, lossOf, wishesOf } from './objectives';
import { settled } from './settled';
import { sliceNamed, type Chosen } from './shared';
import type { JobStore, Point } from './store.svelte';

export class JobView implements Selection {
  /** Numbers of evaluations: under the pointer, and chosen by a click or the keyboard. */
  hovered = $state<number | null>(null);
  chosen = $state<number | null>(null);
  /** Numbers of the evaluations that a brush has selected; null without one. */
  brushed = $state.raw<ReadonlySet<number> | null>(null);
  /** Properties of the catalogue; none while it has not been read. */
  known = $state.raw<readonly PropertyInfo[]>([]);
  #property = $state<string | null>(null);
  /** The text of a slice, which may come before the problem that has it. */
  #over = $state<string | null>(null);
  /** What surrogates say, of which the cards of a page ask once. */
  readonly maps: SurrogateFields;

  /** `onPaper`: without what only a screen has a use for, and on white ground. */
  constructor(
    readonly store: JobStore,
    readonly onPaper = false,
  ) {
    this.maps = new SurrogateFields(store);
  }

  problem = $derived.by(() => this.store.job?.problem ?? null);
  points = $derived.by(() => {
    const { result, points } = this.store;
    return result === null ? points : settled(points, result.evaluations);
  });
  #byIndex = $derived.by(() => new Map(this.points.map((point) => [point.index, point])));

  units = $derived.by(() => new Units(this.known));
  /** By property, as the API spells them. */
  #unitsOf = $derived.by(() => {
    const units: Record<string, string> = {};
    for (const { evaluation } of [...this.points.slice(0, 3), ...this.points.slice(-1)]) {
      for (const [name, { unit }] of Object.entries(evaluation.properties)) units[name] = unit;
    }
    return units;
  });

  /** Names of the properties that the evaluations have, those that were wished for first. */
  properties = $derived.by(() => {
    const wished = [
      ...(this.problem?.objectives ?? []).map(({ property }) => property),
      ...(this.problem?.constraints?.properties ?? []).map(({ property }) => property),
      ...(this.problem?.properties ?? []),
    ];
    const known = Object.keys(this.#unitsOf);
    return [...new Set([...wished.filter((name) => known.includes(name)), ...known])];
  });

  /** The unit of a property as people read it; empty for a plain number. */
  unit(property: string): string {
    return this.units.symbol(this.#unitsOf[property] ?? '');
  }

  /** Digits after the point that a value of a property deserves. */
  decimals(property: string, value: number): number {
    return this.units.decimals(this.#unitsOf[property] ?? '', value, this.wish(property)?.tolerance);
  }

  wishes = $derived.by(() => {
    if (this.problem === null) return [];
    const resolved = this.store.result?.targets ?? [];
    const live = this.store.job?.progress.best?.targets ?? [];
    return wishesOf(this.problem, resolved.length > 0 ? resolved : live);
  });

  /** Properties that plots of the search follow: those of the wishes; without wishes the one that is looked at. */
  followed = $derived.by(() =>
    this.wishes.length > 0 ? [...new Set(this.wishes.map(({ property }) => property))] : [this.property],
  );

  wish(property: string) {
    return this.wishes.find((wish) => wish.property === property) ?? null;
  }

  /** Whether a front is what is asked for: then the service says of each evaluation whether it is on it. */
  isFront = $derived.by(
    () =>
      (this.store.result?.front ?? this.store.job?.progress.front ?? []).length > 0 ||
      this.points.some(({ evaluation }) => evaluation.assessment?.on_front != null),
  );

  /** By place in `points`, as the service says. */
  losses = $derived.by(() => this.points.map(({ evaluation }) => lossOf(evaluation)));
  bestPlaces = $derived.by(() => bestPlaces(this.points.map(({ evaluation }) => evaluation.assessment)));

  /** Number of the best evaluation, as the service says; null where there is none. */
  bestIndex = $derived.by(() => {
    const best = this.store.result?.best;
    if (best) {
      const found = this.points.findLast(({ evaluation }) =>
        sameComposition(evaluation.composition, best.composition),
      );
      return found?.index ?? null;
    }
    return this.store.result ? null : (this.store.job?.progress.best?.index ?? null);
  });
  best = $derived.by(() => this.point(this.bestIndex));
  /** The best evaluation of the result, which has its uncertainties, or the best so far. */
  answer = $derived.by(() => this.store.result?.best ?? this.best?.evaluation ?? null);

  /** Numbers of the evaluations on the Pareto front, as the service says: of the answer, or so far. */
  front = $derived.by(() => {
    const said = this.store.result?.front;
    if (said) {
      return said.flatMap(
        (one) =>
          this.points.find(({ evaluation }) => sameComposition(evaluation.composition, one.composition))
            ?.index ?? [],
      );
    }
    return this.store.job?.progress.front ?? [];
  });

  point(index: number | null): Point | null {
    return index === null ? null : (this.#byIndex.get(index) ?? null);
  }

  /** What every view shows: under the pointer, else chosen, else the best, else the last. */
  shown = $derived.by(
    () => this.point(this.hovered) ?? this.point(this.chosen) ?? this.best ?? this.points.at(-1) ?? null,
  );

  /** Why that one is shown. */
  shownAs = $derived.by(() => {
    if (this.shown === null) return '';
    if (this.shown.index === this.hovered) return 'under the pointer';
    if (this.shown.index === this.chosen) return 'chosen';
    if (this.shown.index === this.bestIndex) return this.store.result ? 'the answer' : 'best so far';
    return this.front.includes(this.shown.index) ? 'the last, on the front' : 'the last';
  });

  isDimmed(index: number): boolean {
    return this.brushed !== null && !this.brushed.has(index);
  }

  choose(index: number | null): void {
    this.chosen = index;
  }

  /** Choose the evaluation that is `by` places further on in the list. */
  step(by: number): void {
    if (this.points.length === 0) return;
    const here = this.points.findIndex(({ index }) => index === this.shown?.index);
    const there = Math.min(this.points.length - 1, Math.max(0, here + by));
    this.hovered = null;
    this.chosen = this.points[there]!.index;
  }

  /** The property that the composition plot shows. */
  get property(): string {
    const wanted = this.#property;
    // An address may name what no evaluation has.
    if (wanted !== null && (this.properties.length === 0 || this.properties.includes(wanted))) return wanted;
    return this.properties[0] ?? '';
  }

  set property(name: string) {
    this.#property = name;
  }

  slices = $derived.by(() => (this.problem ? slicesOf(this.problem) : []));

  #ownSlice = $derived.by(() =>
    this.problem ? bestSlice(this.problem, this.best?.evaluation.composition ?? null) : null,
  );

  get slice(): Slice | null {
    return sliceNamed(this.slices, this.#over) ?? this.#ownSlice;
  }

  set slice(slice: Slice | null) {
    this.#over = slice && overText(slice);
  }

  /** What the address of the page keeps: what was chosen, not what is shown where nothing was. */
  get picked(): Chosen {
    return { evaluation: this.chosen, property: this.#property, over: this.#over };
  }

  pick({ evaluation, property, over }: Chosen): void {
    this.chosen = evaluation;
    this.#property = property;
    this.#over = over;
  }

  /** Whether compositions can vary in more ways than one plot shows. */
  beyondSlice = $derived.by(
    () =>
      this.problem !== null && this.slice !== null && freedom(this.problem) > this.slice.elements.length - 1,
  );

  /** A composition that is looked at by itself, where a page has one. */
  explored = $state.raw<Composition | null>(null);
  /** The composition whose other fractions a slice holds. */
  through = $derived.by(
    () => this.explored ?? (this.best ?? this.points.at(-1))?.evaluation.composition ?? null,
  );

  isSlice(slice: Slice): boolean {
    return this.slice !== null && overText(this.slice) === overText(slice);
  }
}
