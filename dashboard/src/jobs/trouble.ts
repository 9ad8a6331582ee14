/** Why the list cannot be read, in words, and what can be done. */

import { ApiError, sentence, Unreachable } from '../api/client';

export interface Trouble {
  title: string;
  text: string;
  /** What the button says that asks again. */
  again: string;
}

/** @param keyed whether a key was sent along */
export function trouble(error: unknown, keyed: boolean): Trouble {
  if (error instanceof Unreachable)
    return {
      title: 'The service does not answer',
      text:
        'It may be starting again, or the network may be away: this page asks again by itself. ' +
        'If nobody has started it: orichalcum up',
      again: 'Ask now',
    };
  if (error instanceof ApiError && error.status === 401)
    return {
      title: keyed ? 'The API key is not accepted' : 'This service needs an API key',
      text: keyed
        ? 'It has expired, was revoked, or is of another service. Ask whoever runs the service for a new one ' +
          '(orichalcum keys create).'
        : 'Ask whoever runs the service for one (orichalcum keys create).',
      again: 'Give a key',
    };
  if (error instanceof ApiError && error.slug === 'missing-scope')
    return {
      title: 'This API key may not read jobs',
      text: `${sentence(error)}. Take another key: Forget key, at the top, then give it.`,
      again: 'Try again',
    };
  return { title: 'The jobs cannot be read', text: sentence(error), again: 'Try again' };
}
