import { plural } from '../../format/words';
import type { Row } from '../kind';

export const row: Row = {
  progress: ({ evaluations_done: done, evaluations_planned: planned }, final) =>
    final ? plural(done, 'evaluation') : `${done} of at most ${planned} evaluations`,
  instead: ({ best, front }, final) => {
    if (best) return null;
    if (front.length > 0) return `${plural(front.length, 'composition')} on the front`;
    return final ? 'none' : 'none yet';
  },
};
