/** Keys that make repeating a call after a lost answer harmless. */

export function freshKey(): string {
  // crypto.randomUUID is missing where the page came over plain HTTP from another machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
