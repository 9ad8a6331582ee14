/** What is being done for a job, and since when. */

export interface Stage {
  words: string;
  /** By the server's clock. */
  since: string;
}

/** Within a stage steps are counted behind its name. */
function named(words: string): string {
  return words.split(', step ', 1)[0]!;
}

/** The stages of a job that does this now; those that it was in before have not begun anew. */
export function stagesAfter(before: readonly Stage[], doing: readonly string[], at: string): Stage[] {
  const left = [...before];
  return doing.map((words) => {
    const place = left.findIndex((one) => named(one.words) === named(words));
    return { words, since: place === -1 ? at : left.splice(place, 1)[0]!.since };
  });
}
