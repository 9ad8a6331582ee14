/** What the events of a job add up to: plain data, changed by deltas, in time proportional to what is new. */

import type { ServerEvent } from '../api/sse';
import type {
  Evaluation,
  EvaluationEvent,
  JobState,
  Progress,
  ProgressEvent,
  StateEvent,
} from '../api/types';
import { stagesAfter, type Stage } from './stages';

/** What a progress event says. One that a service stored before it was renewed may say less than today's. */
export function progressIn(event: ServerEvent): ProgressEvent {
  const said = JSON.parse(event.data) as ProgressEvent;
  return { ...said, progress: { ...LESS, ...said.progress } };
}

const LESS = { trace: [], front: [], doing: [] };

export class JobLog {
  /** In the order of their numbers; a number that has not come yet is a hole. */
  evaluations: (Evaluation | undefined)[] = [];
  /** How many of them are there. */
  count = 0;
  state: JobState | null = null;
  /** What the last change of state said, e.g. why the search ended. */
  message: string | null = null;
  progress: Progress | null = null;
  /** What is being done, and since when; when the state became what it is. */
  stages: Stage[] = [];
  stateSince: string | null = null;
  /** When the last event happened, by the server's clock. */
  at: string | null = null;

  /** Take a batch of events in; true if an evaluation was among them. */
  take(batch: readonly ServerEvent[]): boolean {
    let grown = false;
    for (const event of batch) {
      if (event.name === 'evaluation') {
        const said = JSON.parse(event.data) as EvaluationEvent;
        if (this.evaluations[said.index] === undefined) this.count += 1;
        this.evaluations[said.index] = said.evaluation;
        this.at = said.at;
        grown = true;
      } else if (event.name === 'progress') {
        const said = progressIn(event);
        this.progress = said.progress;
        this.stages = stagesAfter(this.stages, said.progress.doing, said.at);
        this.at = said.at;
      } else if (event.name === 'state') {
        const said = JSON.parse(event.data) as StateEvent;
        if (said.state !== this.state) this.stateSince = said.at;
        this.state = said.state;
        this.message = said.message;
        this.at = said.at;
      }
    }
    return grown;
  }
}
