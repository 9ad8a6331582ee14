import { describe, expect, it } from 'vitest';
import { stagesAfter } from './stages';

const [FIRST, SECOND, THIRD] = ['2026-01-01T12:00:00Z', '2026-01-01T12:00:20Z', '2026-01-01T12:01:00Z'];

describe('the stages of a job', () => {
  it('begin when they are first told, and go on while only their steps are counted', () => {
    const loading = stagesAfter([], ['loading sevennet-0'], FIRST);
    const relaxing = stagesAfter(loading, ['evaluation 2, step 1'], SECOND);
    expect(relaxing).toEqual([{ words: 'evaluation 2, step 1', since: SECOND }]);
    expect(stagesAfter(relaxing, ['evaluation 2, step 7'], THIRD)).toEqual([
      { words: 'evaluation 2, step 7', since: SECOND },
    ]);
    expect(stagesAfter(relaxing, ['evaluation 3, step 1'], THIRD)[0]!.since).toBe(THIRD);
  });

  it('have a clock each, also where two are called the same', () => {
    const one = stagesAfter([], ['fitting'], FIRST);
    const two = stagesAfter(one, ['fitting', 'fitting'], SECOND);
    expect(two.map(({ since }) => since)).toEqual([FIRST, SECOND]);
    expect(stagesAfter(two, [], THIRD)).toEqual([]);
    expect(stagesAfter([], ['fitting'], THIRD)[0]!.since).toBe(THIRD);
  });
});
