/** A job's data as files: CSV with a row an evaluation, the problem as YAML, the result as JSON. */

import { Document, isPair, isScalar, visit } from 'yaml';
import type { Composition, Job, Problem, Result } from '../api/types';
import { pruned } from '../new/document';
import type { Json } from '../new/json';
import type { Point } from './store.svelte';

type Measured = Result['measured'];

/** One row an evaluation: fractions, values, gradients, cost. Numbers in full; then what was measured, without number. */
export function toCsv(points: readonly Point[], measured: Measured = []): string {
  const fractions = new Set<string>();
  const properties = new Map<string, string>();
  const gradients = new Set<string>();
  for (const { evaluation } of points) {
    for (const [sublattice, elements] of Object.entries(evaluation.composition)) {
      for (const element of Object.keys(elements)) fractions.add(`${sublattice}:${element}`);
    }
    for (const [name, { unit, gradient }] of Object.entries(evaluation.properties)) {
      properties.set(name, unit);
      for (const [sublattice, elements] of Object.entries(gradient ?? {})) {
        for (const element of Object.keys(elements)) gradients.add(`${name}|${sublattice}:${element}`);
      }
    }
  }
  const deviations = new Set<string>();
  for (const { composition, properties: values } of measured) {
    for (const [sublattice, elements] of Object.entries(composition)) {
      for (const element of Object.keys(elements)) fractions.add(`${sublattice}:${element}`);
    }
    for (const [name, { unit }] of Object.entries(values)) {
      properties.set(name, unit);
      deviations.add(name);
    }
  }
  const header = [
    'evaluation',
    ...fractions,
    ...[...properties].map(([name, unit]) => (unit === '1' || unit === '' ? name : `${name} (${unit})`)),
    ...[...gradients].map((key) => `d ${key.replace('|', ' / d ')}`),
    'converged',
    'stable',
    'potential_calls',
    'seconds',
    'message',
    'stable_against',
    'softest_q',
    ...[...deviations].map((name) => `${name} uncertainty`),
    ...(measured.length > 0 ? ['source'] : []),
  ];
  const share = (composition: Composition, column: string) => {
    const [sublattice, element] = column.split(':') as [string, string];
    return composition[sublattice]?.[element] ?? 0;
  };
  const rows = points.map(({ index, evaluation }) => [
    index + 1,
    ...[...fractions].map((column) => share(evaluation.composition, column)),
    ...[...properties.keys()].map((name) => evaluation.properties[name]?.value),
    ...[...gradients].map((key) => {
      const [name, column] = key.split('|') as [string, string];
      const [sublattice, element] = column.split(':') as [string, string];
      return evaluation.properties[name]?.gradient?.[sublattice]?.[element];
    }),
    evaluation.converged,
    evaluation.stable,
    evaluation.cost.potential_calls,
    evaluation.cost.seconds,
    evaluation.message,
    evaluation.stable_against,
    evaluation.softest_mode?.q.join(' '),
  ]);
  const below = measured.map(({ composition, properties: values, source }) => [
    null,
    ...[...fractions].map((column) => share(composition, column)),
    ...[...properties.keys()].map((name) => values[name]?.value),
    ...Array.from({ length: gradients.size + 7 }, () => null),
    ...[...deviations].map((name) => values[name]?.deviation),
    source ? `measured: ${source}` : 'measured',
  ]);
  return [header, ...rows, ...below].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A problem file that asks for the same again. */
export function toYaml(problem: Problem): string {
  const document = new Document(pruned(problem as unknown as Json));
  // On one line where nothing is nested within: [0, 0.5], {property: lattice_a, target: 3.2, tolerance: 0.002}.
  visit(document, {
    Collection(_, node) {
      const plain = (item: unknown) => isScalar(item) || (isPair(item) && isScalar(item.value));
      if (node !== document.contents && node.items.every(plain)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 110, flowCollectionPadding: false });
}

/** What is known of a job: its result when there is one, else what came so far. */
export function toJson(job: Job, result: Result | null, points: readonly Point[]): string {
  const document = result ?? { job, evaluations: points.map(({ evaluation }) => evaluation) };
  return `${JSON.stringify(document, null, 2)}\n`;
}
