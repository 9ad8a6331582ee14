/** The rows of a comparison: what each job has of the same thing. */

import type { Evaluation, Result } from '../api/types';
import { fixed, signed, significant, withUnit } from '../format/numbers';
import type { Units } from '../format/units';
import { compositionText } from '../format/words';
import { costText } from '../job/cost';
import { targetName } from '../job/targets';
import type { Json } from '../new/json';
import type { Compared } from './compared.svelte';
import { compositionChange, differences } from './differences';

export interface Cell {
  text: string;
  /** The full number, for who wants it. */
  full?: string;
  tone?: 'good' | 'bad';
}

export interface Row {
  label: string;
  /** Of each job; null where it has none. */
  cells: (Cell | null)[];
}

export interface Section {
  title: string;
  rows: Row[];
}

/** Title of the section of what was asked. */
export const PROBLEM = 'What differs in the problem';

const cell = (text: string | null | undefined): Cell | null => (text ? { text } : null);
const some = (rows: Row[]) => rows.filter(({ cells }) => cells.some((one) => one !== null));
const sentences = (result: Result | null, ...roles: Result['reading'][number]['role'][]) =>
  (result?.reading ?? []).filter(({ role }) => roles.includes(role)).map(({ text }) => text);

/** All that can be told side by side; sections and rows that no job has anything of are left out. */
export function sectionsOf(entries: readonly Compared[], units: Units): Section[] {
  const row = (label: string, of: (entry: Compared) => Cell | null): Row => ({
    label,
    cells: entries.map(of),
  });
  const pretty = (texts: readonly string[]) => cell(texts.map((text) => units.pretty(text)).join('\n'));
  const bests = entries.map(({ result }) => result?.best ?? null);
  const problems = entries.map(({ job }) => (job?.problem ?? null) as unknown as Json);
  return [
    {
      title: 'Answer',
      rows: some([
        row('Answer', ({ result }) => pretty(sentences(result, 'headline', 'answer'))),
        row('Composition', ({ result }) => cell(result?.best && compositionText(result.best.composition))),
        { label: changeLabel(entries), cells: changes(bests) },
        row('How sure', ({ result }) => pretty(sentences(result, 'uncertainty'))),
      ]),
    },
    { title: 'Objectives', rows: some(wishRows(entries, units)) },
    { title: 'Properties of the answer', rows: some(propertyRows(bests, wishedIn(entries), units)) },
    {
      title: 'Evidence',
      rows: some([
        row('Careful', ({ result }) => pretty(sentences(result, 'warning'))),
        row('Supercells', ({ result }) => pretty(sentences(result, 'verification'))),
        row('Other potentials', ({ result }) => pretty(sentences(result, 'potential'))),
        row('Ended', ({ result }) => pretty(sentences(result, 'limit', 'stopped'))),
      ]),
    },
    {
      title: 'Potential and cost',
      rows: some([
        row('Potential', ({ result }) =>
          cell(result && `${result.provenance.potential.name}, ${result.provenance.dtype}`),
        ),
        row('Tier', ({ result }) => cell(result?.provenance.tier.replaceAll('_', ' '))),
        row('Cost', ({ result }) => cell(result && costText(result))),
        row('Orichalcum', ({ result }) => cell(result?.provenance.orichalcum)),
      ]),
    },
    {
      title: PROBLEM,
      rows: problems.every((problem) => problem !== null)
        ? differences(problems).map(({ path, values }) => ({ label: path, cells: values.map(cell) }))
        : [],
    },
  ].filter(({ rows }) => rows.length > 0);
}

const nameOf = (entry: Compared | undefined) => entry?.job?.name ?? entry?.id ?? '';

function changeLabel(entries: readonly Compared[]): string {
  return `Against ${nameOf(entries.find(({ result }) => result?.best)) || 'the first'}`;
}

/** By how much each composition differs from the first that there is. */
function changes(bests: readonly (Evaluation | null)[]): (Cell | null)[] {
  const first = bests.find((best) => best !== null);
  return bests.map((best) => {
    if (!first || !best || best === first) return null;
    const found = compositionChange(first.composition, best.composition);
    if (found === null) return { text: 'no sublattice in common' };
    return { text: found.map(({ element, by }) => `${element} ${signed(by, 2)}`).join(' ') || 'the same' };
  });
}

/** Properties that any of the jobs wishes for, in the order in which they come. */
function wishedIn(entries: readonly Compared[]): string[] {
  return [
    ...new Set(
      entries.flatMap(({ job }) => (job?.problem?.objectives ?? []).map(({ property }) => property)),
    ),
  ];
}

function wishRows(entries: readonly Compared[], units: Units): Row[] {
  return wishedIn(entries).flatMap((property) => [
    {
      label: `${property}, wished`,
      cells: entries.map(({ job, result }) => {
        const problem = job?.problem;
        const texts = (problem?.objectives ?? []).flatMap((objective, k) => {
          if (objective.property !== property) return [];
          const { goal, tolerance } = objective;
          if (goal) return [goal];
          const check = result?.objective_checks.find((one) => one.property === property);
          const target =
            result?.targets[k] ?? (typeof objective.target === 'number' ? objective.target : null);
          const name = targetName(objective);
          const value =
            target === null
              ? (name ?? 'another crystal')
              : withUnit(
                  fixed(target, units.decimals(check?.unit ?? '', target, tolerance)),
                  units.symbol(check?.unit ?? ''),
                );
          const aimed = tolerance == null ? value : `${value} ± ${tolerance}`;
          return [name !== null && target !== null ? `${aimed} (${name})` : aimed];
        });
        return cell(texts.join('\n'));
      }),
    },
    {
      label: `${property}, reached`,
      cells: entries.map(({ result }) => {
        const check = result?.objective_checks.find((one) => one.property === property);
        if (!check || check.value == null) return null;
        const { value, unit, tolerance, target, met, uncertainty } = check;
        const symbol = units.symbol(unit);
        const parts = [withUnit(fixed(value, units.decimals(unit, value, tolerance)), symbol)];
        if (target != null) parts.push(`off by ${withUnit(signed(value - target, 2), symbol)}`);
        if (met != null) parts.push(met ? 'within tolerance' : 'not within tolerance');
        if (uncertainty != null) parts.push(`tier ± ${withUnit(significant(uncertainty, 2), symbol)}`);
        return {
          text: parts.join(', '),
          full: withUnit(String(value), symbol),
          ...(met == null ? {} : { tone: met ? ('good' as const) : ('bad' as const) }),
        };
      }),
    },
  ]);
}

/** Properties that nobody wished for and that two of the answers have. */
function propertyRows(bests: readonly (Evaluation | null)[], wished: readonly string[], units: Units): Row[] {
  const names = [...new Set(bests.flatMap((best) => Object.keys(best?.properties ?? {})))];
  const shared = names.filter(
    (name) => !wished.includes(name) && bests.filter((best) => best && name in best.properties).length > 1,
  );
  return shared.map((name) => ({
    label: name,
    cells: bests.map((best) => {
      const found = best?.properties[name];
      if (!found) return null;
      const { value, unit, uncertainty } = found;
      const symbol = units.symbol(unit);
      const sure = uncertainty == null ? '' : ` ± ${significant(uncertainty, 2)}`;
      return {
        text: withUnit(`${fixed(value, units.decimals(unit, value))}${sure}`, symbol),
        full: withUnit(String(value), symbol),
      };
    }),
  }));
}

/** Why these jobs cannot be compared in full, in words; null where they can. */
export function mismatch(entries: readonly Compared[]): string | null {
  const kinds = [...new Set(entries.flatMap(({ job }) => (job === null ? [] : [job.kind])))];
  if (kinds.length < 2) return null;
  return (
    `These jobs are of different kinds (${kinds.map((kind) => kind.replaceAll('_', ' ')).join(', ')}): their answers ` +
    'stand in words, and numbers only where two of them have the same.'
  );
}
