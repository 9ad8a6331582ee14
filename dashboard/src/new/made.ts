/** For tests of the page of a new job. */

import { cleanup, configure } from '@testing-library/svelte';
import { afterEach, vi } from 'vitest';

/** Forms are loaded when they are shown, which takes as long as the machine is busy. */
export const HANG_MS = 60_000;

/** Waits for forms, and leaves nothing of a test to the next: no page, no draft, no service. */
export function testsNewPages(): void {
  configure({ asyncUtilTimeout: HANG_MS });
  afterEach(() => {
    cleanup();
    localStorage.clear();
    sessionStorage.clear();
    vi.unstubAllGlobals();
  });
}
