"""All pictures on one sheet: a page of HTML that shows them by view, width and theme, and a PNG of it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

THUMB, TALLEST = 220, 420
"""Width of a small picture, and how much of its height is shown, in pixels."""
GAP, LABEL = 12, 16


@dataclass(frozen=True)
class Picture:
    """One picture: of which view, in which width and theme, and where it is."""

    view: str
    width: int
    theme: str
    path: Path


def write(folder: Path, pictures: Sequence[Picture]) -> tuple[Path, Path]:
    """Write contact-sheet.html and contact-sheet.png beside the pictures."""
    views = list(dict.fromkeys(one.view for one in pictures))
    looks = list(dict.fromkeys((one.width, one.theme) for one in pictures))
    by = {(one.view, one.width, one.theme): one.path for one in pictures}
    page, sheet = folder / "contact-sheet.html", folder / "contact-sheet.png"
    page.write_text(_page(views, looks, by))
    _sheet(views, looks, by).save(sheet, optimize=True)
    return page, sheet


def _page(
    views: Iterable[str], looks: Sequence[tuple[int, str]], by: dict[tuple[str, int, str], Path]
) -> str:
    head = "".join(f"<th>{width} px, {theme}</th>" for width, theme in looks)
    rows = ""
    for view in views:
        cells = ""
        for width, theme in looks:
            path = by.get((view, width, theme))
            name = "" if path is None else html.escape(path.name)
            cells += f'<td><a href="{name}"><img src="{name}" alt="{name}" loading="lazy"></a></td>'
        rows += f"<tr><th>{html.escape(view)}</th>{cells}</tr>\n"
    style = "body{font:14px sans-serif}img{width:220px;border:1px solid #aaa}td,th{vertical-align:top;padding:6px}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>The dashboard</title><style>{style}</style>'
        f"<table><tr><th></th>{head}</tr>\n{rows}</table></html>\n"
    )


def _sheet(
    views: Sequence[str], looks: Sequence[tuple[int, str]], by: dict[tuple[str, int, str], Path]
) -> Image.Image:
    thumbs: dict[tuple[str, int, str], Image.Image] = {}
    for key, path in by.items():
        with Image.open(path) as picture:
            height = round(THUMB * picture.height / picture.width)
            small = picture.convert("RGB").resize((THUMB, height), Image.Resampling.LANCZOS)
            thumbs[key] = small.crop((0, 0, THUMB, min(height, TALLEST)))
    heights = [max(thumb.height for key, thumb in thumbs.items() if key[0] == view) for view in views]
    size = (GAP + len(looks) * (THUMB + GAP), GAP + sum(height + LABEL + GAP for height in heights))
    sheet = Image.new("RGB", size, "#d8d8d8")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    top = GAP
    for view, height in zip(views, heights, strict=True):
        for column, (width, theme) in enumerate(looks):
            left = GAP + column * (THUMB + GAP)
            draw.text((left, top), f"{view}, {width} px, {theme}", fill="black", font=font)
            if (thumb := thumbs.get((view, width, theme))) is not None:
                sheet.paste(thumb, (left, top + LABEL))
        top += height + LABEL + GAP
    return sheet
