"""A checkout of Prefect's documentation: its pages, snippets and redirects, read from MDX files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from backend.errors import UnusableKnowledge
from backend.services.docs_index import SourcePage
from backend.services.synced_docs import SITE, page_path

MAX_PAGE_BYTES = 2_000_000
FOLDERS = ("v3", "integrations")


class Redirect(BaseModel):
    source: str
    destination: str


class Checkout:
    """The directory with `v3` in it, or the one above it, with `docs`. Raises UnusableKnowledge without one.

    `skipped` names the files that could not be read. `read_at` is when they are said to be read.
    """

    def __init__(self, folder: Path, read_at: datetime) -> None:
        self._docs = _docs_root(folder)
        self._read_at = read_at
        self._files = [
            file for name in FOLDERS for file in sorted((self._docs / name).rglob("*.mdx")) if file.is_file()
        ]
        self.skipped: list[str] = []

    def __len__(self) -> int:
        return len(self._files)

    def pages(self) -> Iterator[SourcePage | None]:
        """Each page, None for one that cannot be read."""
        for file in self._files:
            text = self._text(file)
            path = page_path("/" + file.relative_to(self._docs).with_suffix("").as_posix())
            name = file.stem.replace("-", " ").capitalize()
            yield SourcePage(path, name, text, self._read_at) if text is not None else None

    def snippet(self, import_path: str) -> str | None:
        file = self._docs / import_path.lstrip("/")
        return self._text(file) if file.suffix == ".mdx" else None

    def redirects(self) -> list[tuple[str, str]]:
        """From the site's own settings. Patterns with a wildcard are left out: no page of ours needs one."""
        try:
            settings = json.loads((self._docs / "docs.json").read_text(encoding="utf-8-sig"))
            redirects = TypeAdapter(list[Redirect]).validate_python(settings["redirects"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            return []  # a copy without settings has no redirects
        return [
            (page_path(each.source), page_path(each.destination))
            for each in redirects
            if not re.search(r"[:*]", each.source.removeprefix(SITE))
        ]

    def _text(self, file: Path) -> str | None:
        """The file's text; None, and a note, where it is not a readable text inside the checkout."""
        name = file.relative_to(self._docs).as_posix()
        try:
            if file.resolve().is_relative_to(self._docs) and file.stat().st_size <= MAX_PAGE_BYTES:
                return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            pass
        if name not in self.skipped:
            self.skipped.append(name)
        return None


def _docs_root(folder: Path) -> Path:
    for root in (folder, folder / "docs"):
        if (root / "v3").is_dir():
            return root.resolve()
    raise UnusableKnowledge(
        f"There is no Prefect documentation in {folder}; point to the `docs` directory of a checkout of "
        "github.com/PrefectHQ/prefect."
    )
