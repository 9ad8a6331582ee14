import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../api/sse';
import { JobLog } from './log';
import { madeEvaluation } from './made';

const AT = '2026-01-01T12:00:00Z';
const event = (name: string, data: object): ServerEvent => ({
  name,
  data: JSON.stringify({ at: AT, ...data }),
  id: '1',
});
const evaluated = (index: number) =>
  event('evaluation', {
    index,
    evaluation: madeEvaluation({ cation: { Al: 1 - index / 100, Sc: index / 100 } }, { a: index }),
  });

describe('the log of a job', () => {
  it('keeps evaluations by their number, whatever order a batch came back in', () => {
    const log = new JobLog();
    expect(log.take([evaluated(1), evaluated(0)])).toBe(true);
    expect(log.evaluations.map((one) => one?.properties.a?.value)).toEqual([0, 1]);
    expect(log.count).toBe(2);
  });

  it('does not count an evaluation twice that comes again after a reconnection', () => {
    const log = new JobLog();
    log.take([evaluated(0), evaluated(1)]);
    log.take([evaluated(1), evaluated(2)]);
    expect(log.count).toBe(3);
    expect(log.evaluations).toHaveLength(3);
  });

  it('remembers the last state, its message and the last progress, and says whether evaluations came', () => {
    const log = new JobLog();
    const grown = log.take([
      event('state', { state: 'running', message: null }),
      event('progress', { progress: { evaluations_done: 3, evaluations_planned: 40 } }),
      event('state', { state: 'succeeded', message: 'target met' }),
      event('something-new', {}),
    ]);
    expect(grown).toBe(false);
    expect([log.progress?.front, log.progress?.doing]).toEqual([[], []]);
    expect([log.state, log.message, log.progress?.evaluations_done, log.at]).toEqual([
      'succeeded',
      'target met',
      3,
      AT,
    ]);
  });

  it('knows since when a stage runs and the job is in its state, by the clock of the events', () => {
    const log = new JobLog();
    const running = (at: string) => event('state', { state: 'running', message: null, at });
    const doing = (words: string, at: string) =>
      event('progress', { progress: { evaluations_done: 0, evaluations_planned: 1, doing: [words] }, at });
    log.take([running('2026-01-01T12:00:01Z'), doing('evaluation 1, step 1', '2026-01-01T12:00:02Z')]);
    log.take([doing('evaluation 1, step 5', '2026-01-01T12:00:09Z'), running('2026-01-01T12:00:10Z')]);
    expect(log.stages).toEqual([{ words: 'evaluation 1, step 5', since: '2026-01-01T12:00:02Z' }]);
    expect(log.stateSince).toBe('2026-01-01T12:00:01Z');
  });
});
