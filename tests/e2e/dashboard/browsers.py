"""Where this machine's browsers are: ``python tests/e2e/dashboard/browsers.py firefox`` fails where there is none.

Chromium is driven by its own protocol, Firefox by WebDriver BiDi, which needs no patched build of it.
"""

from __future__ import annotations

import os
import shutil
import sys

_NAMES = {
    "chromium": ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}


def path(browser: str) -> str | None:
    """The program, or None; ORICHALCUM_CHROMIUM and ORICHALCUM_FIREFOX name another one."""
    named = os.environ.get(f"ORICHALCUM_{browser.upper()}")
    return named or next((found for name in _NAMES[browser] if (found := shutil.which(name))), None)


if __name__ == "__main__":
    sys.exit(path(sys.argv[1]) is None)
