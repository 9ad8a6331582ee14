import { describe, expect, it } from 'vitest';
import { ago, duration } from './time';

describe('durations', () => {
  it('have a decimal where it matters and two units where they are long', () => {
    expect([0.52, 4, 9.96, 12.4, 59.7, 200, 3600, 7500, 86_400 * 3 + 3600 * 4].map(duration)).toEqual([
      '0.5 s',
      '4 s',
      '10.0 s',
      '12 s',
      '1 min',
      '3 min 20 s',
      '1 h',
      '2 h 5 min',
      '3 d 4 h',
    ]);
    expect(duration(-1)).toBe('–');
  });

  it('are told from now on', () => {
    const now = Date.parse('2026-01-01T12:00:00Z');
    expect(ago('2026-01-01T11:59:58Z', now)).toBe('just now');
    expect(ago('2026-01-01T11:56:30Z', now)).toBe('3 min ago');
  });
});
