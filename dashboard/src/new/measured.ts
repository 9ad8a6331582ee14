/** Measured points as the problem file writes them. */

import { objectAt, type JsonObject } from './json';

/** The point with a value of another property, 0 until it is typed, and its deviation. */
export function fresh(point: JsonObject, name: string, deviation = 0.01): JsonObject {
  return {
    ...point,
    properties: { ...objectAt(point, 'properties'), [name]: 0 },
    deviation: { ...objectAt(point, 'deviation'), [name]: deviation },
  };
}

/** The point with its value taken for one of another property; what that had is replaced. */
export function renamed(point: JsonObject, from: string, to: string): JsonObject {
  return overNames(point, (names) =>
    Object.fromEntries(
      Object.entries(names)
        .filter(([name]) => name !== to)
        .map(([name, value]) => [name === from ? to : name, value]),
    ),
  );
}

/** The point without its value of a property. */
export function without(point: JsonObject, name: string): JsonObject {
  return overNames(point, (names) =>
    Object.fromEntries(Object.entries(names).filter(([other]) => other !== name)),
  );
}

/** Values, deviations and gradients alike; what is left empty goes. */
function overNames(point: JsonObject, change: (names: JsonObject) => JsonObject): JsonObject {
  const fields = ['properties', 'deviation', 'gradients'].filter((field) => field in point);
  const changed = Object.fromEntries(fields.map((field) => [field, change(objectAt(point, field))]));
  return Object.fromEntries(
    Object.entries({ ...point, ...changed }).filter(
      ([field, value]) => !(fields.includes(field) && Object.keys(objectAt(value)).length === 0),
    ),
  );
}
