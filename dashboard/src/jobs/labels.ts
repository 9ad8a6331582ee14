/** What people write on jobs, before it is sent. */

import type { JobLabels } from '../api/types';

type Written = Required<Pick<JobLabels, 'name' | 'note' | 'tags'>>;

/** Tags with one more, unless it is there in whatever case. */
export function withTag(tags: readonly string[], typed: string): readonly string[] {
  const tag = typed.trim();
  const known = tags.some((one) => one.toLowerCase() === tag.toLowerCase());
  return tag === '' || known ? tags : [...tags, tag];
}

/** What has to be sent: the fields that differ. */
export function changed(before: Written, now: Written): JobLabels {
  const labels: JobLabels = {};
  if (now.name !== before.name) labels.name = now.name;
  if (now.note !== before.note) labels.note = now.note;
  if (JSON.stringify(now.tags) !== JSON.stringify(before.tags)) labels.tags = now.tags;
  return labels;
}
