import { vi } from 'vitest';

/** What jsdom lacks: sizes, the system's theme, canvases. Modules look at the theme when they are loaded. */
export function asInABrowser(width: number): void {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }));
  vi.stubGlobal(
    'ResizeObserver',
    class {
      #tell: ResizeObserverCallback;
      constructor(tell: ResizeObserverCallback) {
        this.#tell = tell;
      }
      observe(target: Element) {
        this.#tell([{ target } as ResizeObserverEntry], this as unknown as ResizeObserver);
      }
      unobserve() {}
      disconnect() {}
    },
  );
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', { get: () => width });
  HTMLCanvasElement.prototype.getContext = () => null;
}
