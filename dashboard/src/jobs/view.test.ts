// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { EVERYTHING, inWords, linkTo, stateFilter, viewOf } from './view';

const query = (link: string) => new URLSearchParams(link.split('?')[1]);

describe('the view of the list', () => {
  it('is the same after a way through an address', () => {
    const view = { state: 'failed', search: '100 % & "Ü"', starred: true, tags: ['a b', 'c,d'], array: 'x' };
    expect(viewOf(query(linkTo(view)))).toEqual(view);
    expect(linkTo(EVERYTHING)).toBe('#/');
    expect(viewOf(query('#/'))).toEqual(EVERYTHING);
  });

  it('takes addresses that were kept before, and shows all for a state that it does not know', () => {
    expect(viewOf(query('#/?name=GaN')).search).toBe('GaN');
    expect(stateFilter({ ...EVERYTHING, state: 'melted' }).states).toEqual([]);
    expect(stateFilter({ ...EVERYTHING, state: 'active' }).states).toContain('cancelling');
  });

  it('is said in words', () => {
    expect(inWords(EVERYTHING)).toBe('');
    expect(inWords({ ...EVERYTHING, state: 'failed', search: 'GaN', starred: true, tags: ['talk'] })).toBe(
      'in the state Failed, with “GaN” in name, note or tags, with a star, with the tag talk',
    );
  });
});
