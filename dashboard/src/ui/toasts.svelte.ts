/** Short messages that pass by themselves: what was copied, what went wrong with a click. */

export interface Toast {
  id: number;
  text: string;
  kind: 'plain' | 'error';
}

class Toasts {
  shown = $state<Toast[]>([]);
  #next = 0;

  say(text: string, kind: Toast['kind'] = 'plain'): void {
    const id = this.#next++;
    this.shown.push({ id, text, kind });
    setTimeout(
      () => (this.shown = this.shown.filter((toast) => toast.id !== id)),
      kind === 'error' ? 8000 : 2500,
    );
  }
}

export const toasts = new Toasts();
