"""What MkDocs calls while it builds the site: pages from outside docs/, the generated reference, mathematics.

The repository's documents are written for people who read them as files. Here README.md becomes the first page, files
of the repository that pages name are put beside them, notebooks become pages, and formulas become MathML. A link to
what is on no page is a warning, and the site is built strictly.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

from tools.site import notebooks, reference
from tools.site.mathematics import InlineMathML, mathematics

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).parents[2]
PAGES = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
"""Pages of the site that are files outside docs/."""
FILES = [
    "LICENSE",
    "CITATION.cff",
    "dashboard/README.md",
    "examples/*.yaml",
    "tests/data/structure_files/readings.md",
]
"""Other files that pages may link to, shown as text."""
NOTEBOOKS = REPOSITORY / "docs" / "notebooks"
LINK = re.compile(r"(\]\()([^)\s#:]+)(#[^)\s]*)?(\))")
FENCED = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The settings of mkdocs.yml, and formulas within lines."""
    extensions: list[Any] = config.markdown_extensions  # Markdown takes names and objects, MkDocs says names
    extensions.append(InlineMathML())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of docs/, and what the site has besides."""
    generated = {
        "reference/commands.md": reference.commands(),
        "reference/rest-calls.md": reference.rest_calls(),
        "reference/problem-fields.md": reference.problem_fields(),
        **{f"reference/{_slug(title)}.md": reference.python(title) for title in reference.MODULES},
        **{f"notebooks/{path.stem}.md": notebooks.page(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))},
        notebooks.LIBRARY: notebooks.library(),
        **{page: (REPOSITORY / path).read_text() for page, path in PAGES.items()},
        **{_text(path): path.read_text() for pattern in FILES for path in sorted(REPOSITORY.glob(pattern))},
    }
    for path, content in generated.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A page's text with links that hold on the site, and its formulas as MathML."""
    del config
    path = page.file.src_uri
    place = PAGES.get(path, f"docs/{path}")

    def linked(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(place), found[2]))
        there = _on_site(target)
        if files.get_file_from_path(there) is None:
            return found[0]  # MkDocs says that it is missing
        return (
            f"{found[1]}{posixpath.relpath(there, posixpath.dirname(path) or '.')}{found[3] or ''}{found[4]}"
        )

    parts = FENCED.split(mathematics(markdown))
    return "".join(part if part.startswith("```") else LINK.sub(linked, part) for part in parts)


def _on_site(target: str) -> str:
    """The path on the site of a path of the repository."""
    for page, path in PAGES.items():
        if target == path:
            return page
    if target.startswith("docs/"):
        return re.sub(r"\.ipynb$", ".md", target.removeprefix("docs/"))
    return _text(REPOSITORY / target)


def _text(path: Path) -> str:
    """Where a file of the repository is shown as text."""
    return f"files/{path.relative_to(REPOSITORY).as_posix()}.txt"


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")
