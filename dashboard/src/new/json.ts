/** Looking into a document that a person may have typed: whatever is not of the expected kind is absent. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
export type Path = readonly (string | number)[];

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function at(value: unknown, path: Path): Json | undefined {
  let here: unknown = value;
  for (const part of path) {
    if (Array.isArray(here) && typeof part === 'number') here = here[part];
    else if (isObject(here) && typeof part === 'string' && Object.hasOwn(here, part)) here = here[part];
    else return undefined;
  }
  return here as Json | undefined;
}

export function objectAt(value: unknown, ...path: Path): JsonObject {
  const found = at(value, path);
  return isObject(found) ? found : {};
}

export function listAt(value: unknown, ...path: Path): Json[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

export function textAt(value: unknown, ...path: Path): string | undefined {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
}

export function numberAt(value: unknown, ...path: Path): number | undefined {
  const found = at(value, path);
  return typeof found === 'number' ? found : undefined;
}

/** JSON pointer (RFC 6901) of a path, as the API's errors name fields. */
export function pointer(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
