import type { Row } from '../kind';

export const row: Row = {
  progress: ({ evaluations_done: done, evaluations_planned: planned }, final) =>
    final ? `${done} done` : `${done} of ${planned} done`,
  instead: () => 'this dashboard does not know this kind yet',
};
