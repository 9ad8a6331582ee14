// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { ApiError, Unreachable } from '../api/client';
import type { Job } from '../api/types';
import { doneToEach } from './bulk';
import { changed, withTag } from './labels';
import { trouble } from './trouble';

const job = (id: string) => ({ id, name: id }) as Job;
const jobs = ['a', 'b', 'c', 'd'].map(job);

function refusal(status: number, slug: string, retryAfter: number | null = null): ApiError {
  const problem = { type: `urn:orichalcum:problem:${slug}`, title: slug, status, detail: `${slug}!` };
  return new ApiError({ ...problem, errors: [], more: 0 }, retryAfter);
}

const names = (found: readonly Job[]) => found.map(({ id }) => id);

describe('doneToEach', () => {
  it('goes on after a refusal, and tells it with its reason', async () => {
    const told: number[] = [];
    const act = async ({ id }: Job) => {
      if (id === 'b') throw refusal(409, 'job-active');
    };
    const outcome = await doneToEach(jobs, act, (count) => told.push(count), new AbortController().signal);
    expect(names(outcome.done)).toEqual(['a', 'c', 'd']);
    expect(outcome.refused).toEqual([{ job: jobs[1], why: 'job-active!' }]);
    expect(outcome.left).toEqual([]);
    expect(told).toEqual([0, 1, 2, 3]);
  });

  it('waits for a service that wants to rest', async () => {
    let refused = 0;
    const act = async ({ id }: Job) => {
      if (id === 'a' && refused++ < 2) throw refusal(429, 'rate', 0);
    };
    const outcome = await doneToEach(jobs, act, () => undefined, new AbortController().signal);
    expect([refused, outcome.done.length]).toEqual([3, 4]);
  });

  it('ends when the service is away or it is stopped, and says what is left', async () => {
    const gone = await doneToEach(
      jobs,
      async ({ id }) => {
        if (id === 'c') throw new Unreachable();
      },
      () => undefined,
      new AbortController().signal,
    );
    expect([names(gone.done), names(gone.left)]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    const stop = new AbortController();
    const stopped = await doneToEach(
      jobs,
      async () => stop.abort(),
      () => undefined,
      stop.signal,
    );
    expect([names(stopped.done), names(stopped.left)]).toEqual([['a'], ['b', 'c', 'd']]);
  });
});

describe('what is written', () => {
  it('has each tag once, in whatever case', () => {
    expect(withTag(['Talk'], ' talk ')).toEqual(['Talk']);
    expect(withTag(['Talk'], '  ')).toEqual(['Talk']);
    expect(withTag(['Talk'], 'a, b')).toEqual(['Talk', 'a, b']);
  });

  it('is sent where it differs', () => {
    const before = { name: 'n', note: '', tags: ['a'] };
    expect(changed(before, { ...before, tags: ['a'] })).toEqual({});
    expect(changed(before, { name: 'n', note: 'x', tags: [] })).toEqual({ note: 'x', tags: [] });
  });
});

describe('trouble', () => {
  it('says what to do without a key, with one that is over, with one of too few rights, without a service', () => {
    const unauthorized = refusal(401, 'unauthorized');
    expect(trouble(unauthorized, false).title).toBe('This service needs an API key');
    expect(trouble(unauthorized, true)).toMatchObject({
      title: 'The API key is not accepted',
      again: 'Give a key',
    });
    expect(trouble(refusal(403, 'missing-scope'), true).text).toMatch(/^missing-scope!\. Take another key/);
    expect(trouble(new Unreachable(), true).text).toMatch(/asks again by itself/);
    expect(trouble(refusal(503, 'store-away'), true)).toMatchObject({ text: 'store-away!' });
  });
});
