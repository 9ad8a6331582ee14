// @vitest-environment jsdom
import { fireEvent, render, screen } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import { HANG_MS, testsNewPages } from './made';
import NewPage from '../pages/NewPage.svelte';

vi.mock('./examples', () => ({ EXAMPLES: [] })); // they lie outside of what is served to tests

testsNewPages();

const kind = (name: string, fields: string[]) => ({
  ...{ name, fields, summary: `Kind ${name}.`, searches: false, counts: 'computations', views: [] },
});

/** A service that refuses what kind order has no use for. */
async function answer(url: string, { body }: { body?: string } = {}): Promise<Response> {
  const path = new URL(url).pathname;
  if (path.endsWith('/potentials')) {
    const tiers = ['mean_field', 'fluctuation'];
    return Response.json({
      potentials: [{ name: 'sevennet-l3i5', elements: ['Al', 'N'], mixing: ['mean_field', 'paired'], tiers }],
    });
  }
  if (path.endsWith('/kinds')) {
    return Response.json({
      kinds: [kind('optimize', ['potential']), kind('order', ['order', 'potential.name'])],
    });
  }
  const refused = body?.includes('fluctuation') && body.includes('order');
  const errors = refused
    ? [{ pointer: '/potential/tier', type: 'unused-field', message: 'remove tier' }]
    : [];
  return Response.json({ valid: errors.length === 0, errors, prototypes: [], properties: [] });
}

it(
  'asks for mixing and accuracy only where the kind has a use for them, or one is to be mended',
  async () => {
    vi.stubGlobal('fetch', answer);
    render(NewPage, { from: null });
    expect(await screen.findByLabelText('Mixing')).toBeTruthy();
    await fireEvent.change(screen.getByLabelText('Accuracy'), { target: { value: 'fluctuation' } });
    expect(screen.getByText(/^Near to explicit supercells/)).toBeTruthy();

    await fireEvent.change(screen.getByLabelText('What to do'), { target: { value: 'order' } });
    expect(await screen.findByLabelText('Relax the lowest')).toBeTruthy();
    expect(screen.queryByLabelText('Mixing')).toBeNull();
    expect(screen.queryByLabelText('Accuracy')).toBeNull();

    const text = document.querySelector<HTMLTextAreaElement>('#problem-yaml')!;
    const before = text.value;
    expect(before).not.toContain('tier');
    await fireEvent.input(text, { target: { value: `${before}potential:\n  tier: fluctuation\n` } });
    expect(((await screen.findByLabelText('Accuracy')) as HTMLSelectElement).value).toBe('fluctuation');
    expect(await screen.findByText('remove tier')).toBeTruthy();
  },
  HANG_MS,
);
