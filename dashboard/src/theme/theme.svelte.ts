/** Light, dark, or what the system says; the choice is kept in this browser. */

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEPT = 'orichalcum-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function kept(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEPT);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system'; // storage may be switched off
  }
}

class Theme {
  choice = $state<ThemeChoice>(kept());
  #systemDark = $state(system.matches);
  dark = $derived(this.choice === 'system' ? this.#systemDark : this.choice === 'dark');

  constructor() {
    system.addEventListener('change', (event) => (this.#systemDark = event.matches));
    $effect.root(() => {
      $effect(() => {
        document.documentElement.dataset.theme = this.dark ? 'dark' : 'light';
      });
    });
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      localStorage.setItem(KEPT, choice);
    } catch {
      // It then lasts until the page is left.
    }
  }
}

export const theme = new Theme();
