/** The columns of the table of evaluations. */
import type { Evaluation } from '../api/types';
import { fixed, significant } from '../format/numbers';
import { extentOf } from '../plots/scale';
import { valueOf } from './objectives';
import { boundsOf, mixedSublattices } from './slice';
import type { Point } from './store.svelte';
import type { JobView } from './view.svelte';

export interface Column {
  key: string;
  title: string;
  unit: string;
  /** What is sorted by; null goes last. */
  of: (point: Point, place: number) => number | null;
  text: (value: number) => string;
  numeric: boolean;
}

/** What is wished, asked for or bounded; else what varies, six at the most. */
function propertiesShown(view: JobView, showAll: boolean): string[] {
  const wished = new Set([
    ...view.wishes.map(({ property }) => property),
    ...(view.problem?.properties ?? []),
    ...(view.problem?.constraints?.properties ?? []).map(({ property }) => property),
  ]);
  if (showAll) return view.properties;
  const few = view.properties.filter((name) => wished.has(name));
  if (few.length > 0) return few;
  const varies = (name: string) => {
    const seen = extentOf(view.points.map(({ evaluation }) => valueOf(evaluation, name)));
    return seen !== null && seen[1] - seen[0] > 1e-6 * Math.abs(seen[1]);
  };
  return view.properties.filter(varies).slice(0, 6);
}

/** What a relaxed crystal was tested against, for people; nothing where that is not known. */
export function testedAgainst(evaluation: Evaluation): string | undefined {
  if (!evaluation.stable_against) return undefined;
  const softest = evaluation.softest_mode;
  const said = `${evaluation.stable ? 'stable' : 'unstable'} against ${evaluation.stable_against}`;
  return softest ? `${said}: softest mode at q = (${softest.q.join(', ')})` : said;
}

/** The columns of the table: fractions, properties, what the service makes of them, and how the relaxation went. */
export function columnsOf(view: JobView, showAll: boolean): Column[] {
  const mixed = view.problem ? mixedSublattices(view.problem) : [];
  const fractions = mixed.flatMap(({ name, elements }) =>
    Object.keys(boundsOf(elements)).map((element) => ({
      key: `${name}:${element}`,
      title: mixed.length > 1 ? `${name}:${element}` : element,
      unit: '',
      of: ({ evaluation }: Point) => evaluation.composition[name]?.[element] ?? 0,
      text: (value: number) => fixed(value, 4),
      numeric: true,
    })),
  );
  const properties = propertiesShown(view, showAll).map((name) => {
    const example = view.points
      .map(({ evaluation }) => valueOf(evaluation, name))
      .find((value) => value !== null);
    const decimals = view.decimals(name, example ?? 1);
    return {
      key: name,
      title: name,
      unit: view.unit(name),
      of: ({ evaluation }: Point) => valueOf(evaluation, name),
      text: (value: number) => fixed(value, decimals),
      numeric: true,
    };
  });
  const loss: Column[] =
    view.wishes.length > 0 && !view.isFront
      ? [
          {
            key: 'loss',
            title: 'loss',
            unit: '',
            of: (_, place) => view.losses[place] ?? null,
            text: (value) => significant(value, 3),
            numeric: true,
          },
        ]
      : [];
  // Null where the relaxation did not converge: then nothing is known of the bounds on properties.
  const feasible: Column[] =
    (view.problem?.constraints?.properties ?? []).length > 0
      ? [
          {
            key: 'feasible',
            title: 'feasible',
            unit: '',
            of: ({ evaluation }) => {
              const said = evaluation.assessment?.feasible;
              return said == null ? null : Number(said);
            },
            text: (value) => (value === 1 ? 'yes' : 'no'),
            numeric: false,
          },
        ]
      : [];
  const state = ({ evaluation }: Point) =>
    !evaluation.converged ? 3 : evaluation.stable === false ? 2 : evaluation.left_parent ? 1 : 0;
  return [
    {
      key: 'index',
      title: '#',
      unit: '',
      of: ({ index }) => index,
      text: (value) => String(value + 1),
      numeric: true,
    },
    ...fractions,
    ...properties,
    ...loss,
    ...feasible,
    {
      key: 'state',
      title: 'relaxed',
      unit: '',
      of: state,
      text: (value) => ['yes', 'to another phase', 'unstable', 'no'][value]!,
      numeric: false,
    },
    {
      key: 'calls',
      title: 'calls',
      unit: '',
      of: ({ evaluation }) => evaluation.cost.potential_calls,
      text: String,
      numeric: true,
    },
    {
      key: 'seconds',
      title: 'time',
      unit: 's',
      of: ({ evaluation }) => evaluation.cost.seconds,
      text: (value) => value.toFixed(1),
      numeric: true,
    },
  ];
}
