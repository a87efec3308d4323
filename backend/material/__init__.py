"""Enablement material as blocks of text with their places: Markdown, HTML, text, PDF, Word, PowerPoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from backend.errors import UnreadableMaterial
from backend.material.block import Block

MOST_BYTES = 50_000_000

Reader = Callable[[bytes], list[Block]]


def read_material(file: Path) -> list[Block]:
    """The file's blocks in reading order. Raises UnreadableMaterial with one sentence."""
    reader = _readers().get(file.suffix.lower())
    if reader is None:
        raise UnreadableMaterial(
            f"{file} is of no kind that can be checked; give Markdown, HTML, text, PDF, DOCX or PPTX."
        )
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableMaterial(f"{file} cannot be read ({error.strerror}).") from None
    if len(data) > MOST_BYTES:
        raise UnreadableMaterial(f"{file} is larger than {MOST_BYTES / 1e6:g} MB; split it.")
    try:
        return reader(data)
    except UnreadableMaterial as error:
        raise UnreadableMaterial(f"{file}: {error}") from None


def found_in(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and those of a known kind below the directories, hidden ones left out."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        for file in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if not hidden and file.suffix.lower() in _readers() and file.is_file():
                found[file] = None
    return list(found)


def _readers() -> dict[str, Reader]:
    # The libraries behind them are slow to import, and most runs need one.
    from backend.material import office, written

    return {
        ".md": written.markdown,
        ".mdx": written.markdown,
        ".markdown": written.markdown,
        ".txt": written.plain,
        ".html": written.html,
        ".htm": written.html,
        ".pdf": office.pdf,
        ".docx": office.docx,
        ".pptx": office.pptx,
    }
