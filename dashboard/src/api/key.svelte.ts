/** The API key, where the service wants one: kept for this tab's session, sent as a header, never in an address. */

const KEPT = 'orichalcum-key';

function kept(): string | null {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

class ApiKey {
  /** What the service said when it refused, while a key is being asked for; null otherwise. */
  asking = $state<string | null>(null);
  present = $state(kept() !== null);
  #key = kept();
  #waiting: ((given: boolean) => void)[] = [];

  header(): Record<string, string> {
    return this.#key === null ? {} : { Authorization: `Bearer ${this.#key}` };
  }

  /** Ask the person at the screen; true once a key was given. Callers that ask meanwhile share the answer. */
  ask(reason: string): Promise<boolean> {
    this.asking = reason;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(key: string): void {
    this.#key = key.trim();
    this.present = true;
    try {
      sessionStorage.setItem(KEPT, this.#key);
    } catch {
      // It then lasts until the page is left.
    }
    this.#answer(true);
  }

  refuse(): void {
    this.#answer(false);
  }

  forget(): void {
    this.#key = null;
    this.present = false;
    try {
      sessionStorage.removeItem(KEPT);
    } catch {
      // Nothing was kept.
    }
  }

  #answer(given: boolean): void {
    this.asking = null;
    for (const resolve of this.#waiting.splice(0)) resolve(given);
  }
}

export const apiKey = new ApiKey();
