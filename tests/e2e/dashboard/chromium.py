"""Where this machine's Chromium is: ``python tests/e2e/dashboard/chromium.py`` fails where there is none."""

from __future__ import annotations

import os
import shutil
import sys

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def path() -> str | None:
    """The program, or None; ORICHALCUM_CHROMIUM names another one."""
    named = os.environ.get("ORICHALCUM_CHROMIUM")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


if __name__ == "__main__":
    sys.exit(path() is None)
