import { plural } from '../../format/words';
import type { Row } from '../kind';

export const row: Row = {
  progress: ({ evaluations_done: done, evaluations_planned: planned }, final) =>
    final ? plural(done, 'computation') : `${done} of at most ${planned} computations`,
  instead: () => '–',
};
