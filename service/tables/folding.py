"""Texts as they are compared: without upper and lower case, in whatever script and in whatever store."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """The text with its case folded and its marks composed. Databases know less of either, and each another part."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
