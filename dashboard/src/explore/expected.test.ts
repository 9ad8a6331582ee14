// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { parseRoute, links } from '../router/router.svelte';
import { isCertain, slopesOf, verdict } from './expected';

const wish = { property: 'lattice_a', target: 3.2, hasTarget: true, tolerance: 0.01, goal: null };
const said = (mean: number, deviation: number) => ({ property: 'lattice_a', mean, deviation });

describe('what an expected value means for a wish', () => {
  it.each([
    [3.2, 0.004, 'within the tolerance'],
    [3.205, 0.004, 'perhaps within the tolerance'],
    [3.3, 0.04, 'not within the tolerance'],
    [3.3, 0.06, 'perhaps within the tolerance'],
  ])('%f ± 2 x %f is %s', (mean, deviation, text) => {
    expect(verdict(said(mean, deviation), wish, [])?.text).toBe(text);
  });

  it('is of bounds where there is no target, and nothing without either', () => {
    const bound = { property: 'lattice_a', min: 3.1, max: null } as never;
    expect(verdict(said(3.2, 0.01), null, [bound])?.text).toBe('within the bounds');
    expect(verdict(said(3.0, 0.01), null, [bound])?.tone).toBe('bad');
    expect(verdict(said(3.0, 0.01), { ...wish, target: null, goal: 'minimize' }, [])).toBeNull();
  });
});

it('is certain where only rounding is left', () => {
  expect(isCertain({ mean: 90, deviation: 1.4e-14 })).toBe(true);
  expect(isCertain({ mean: 6.28, deviation: 7.5e-5 })).toBe(false);
});

describe('one per cent more', () => {
  const text = (change: number) => change.toFixed(3);

  it('of one of two elements is one less of the other', () => {
    expect(slopesOf({ per_percent: { cation: { Al: -0.004, Sc: 0.004 } } }, text)).toEqual([
      'Sc for Al: 0.004',
    ]);
  });

  it('of three is told of each, and of several sublattices with its name', () => {
    const three = { cation: { Al: 0.1, Ga: -0.2, In: 0 } };
    expect(slopesOf({ per_percent: three }, text)).toEqual(['Al 0.100', 'Ga -0.200']);
    const two = { cation: { Al: -0.1, Sc: 0.1 }, anion: { N: 0.2, P: -0.2 } };
    expect(slopesOf({ per_percent: two }, text)).toEqual([
      'cation:Sc for Al: 0.100',
      'anion:P for N: -0.200',
    ]);
  });
});

it('has an address that keeps the composition', () => {
  const link = links.explore('a b', 'cation:Al=0.8,Sc=0.2');
  const route = parseRoute(link);
  expect(route).toMatchObject({ page: 'explore', id: 'a b' });
  expect(route.page === 'explore' && route.query.get('at')).toBe('cation:Al=0.8,Sc=0.2');
});
