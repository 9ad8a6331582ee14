/** The time, told once a second to whoever shows how long something takes. */

import { createSubscriber } from 'svelte/reactivity';

const tick = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

export const clock = {
  /** Milliseconds since 1970. */
  get now(): number {
    tick();
    return Date.now();
  },
};
