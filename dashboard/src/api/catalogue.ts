/** What can be asked for: potentials, prototypes, properties, kinds. Read once; they change only with the service. */

import { call } from './client';
import type { Catalogue } from './types';

const read = new Map<string, Promise<Catalogue>>();

function once(path: string): Promise<Catalogue> {
  const known = read.get(path);
  if (known) return known;
  const asked = call<Catalogue>(path).then((answer) => answer.data);
  read.set(path, asked);
  asked.catch(() => read.delete(path));
  return asked;
}

export const potentials = async () => (await once('/v1/potentials')).potentials ?? [];
export const prototypes = async () => (await once('/v1/prototypes')).prototypes ?? [];
export const kinds = async () => (await once('/v1/kinds')).kinds ?? [];
export const properties = async () => (await once('/v1/properties')).properties ?? [];
