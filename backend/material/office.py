"""PDF, Word and PowerPoint, with the page, paragraph or slide of each block. Wants the extra `files`."""

from __future__ import annotations

import logging
import re
import zipfile
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from types import ModuleType

from backend.errors import UnreadableMaterial
from backend.material.block import Block, squeezed

MOST_UNPACKED_BYTES = 300_000_000
MOST_PAGES = 2_000


def pdf(data: bytes) -> list[Block]:
    """Paragraphs by page. A line that ends in the middle of a sentence goes on in the next."""
    pypdf = _library("pypdf")
    logging.getLogger(pypdf.__name__).setLevel(logging.CRITICAL)  # it warns of every oddity it reads past
    try:
        reader = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableMaterial("the PDF is locked with a password; give an unlocked copy.")
        return [
            Block(text, None, f"page {number}")
            for number, page in enumerate(reader.pages[:MOST_PAGES], 1)
            for text in _paragraphs(page.extract_text())
        ]
    except UnreadableMaterial:
        raise
    except Exception as error:  # pypdf raises a dozen kinds for a broken file, and Python's own besides
        raise UnreadableMaterial(f"the PDF is broken ({type(error).__name__}).") from error


def docx(data: bytes) -> list[Block]:
    """Paragraphs and table rows, under their headings."""
    library = _library("docx")
    _check_archive(data)
    try:
        return list(_docx_blocks(library.Document(BytesIO(data))))
    except Exception as error:  # python-docx raises KeyError, ValueError and lxml's own for a broken file
        raise UnreadableMaterial(f"the Word file is broken ({type(error).__name__}).") from error


def pptx(data: bytes) -> list[Block]:
    """Paragraphs, table rows and notes, by slide, under the slide's title."""
    library = _library("pptx")
    _check_archive(data)
    try:
        return list(_pptx_blocks(library.Presentation(BytesIO(data))))
    except Exception as error:  # as for Word
        raise UnreadableMaterial(f"the PowerPoint file is broken ({type(error).__name__}).") from error


def _docx_blocks(document) -> Iterator[Block]:  # type: ignore[no-untyped-def]  # python-docx has no types
    heading = ""
    for nth, part in enumerate(document.iter_inner_content(), 1):
        if hasattr(part, "rows"):
            for row in part.rows:
                if text := _row(cell.text for cell in row.cells):
                    yield Block(text, None, f"paragraph {nth}", heading)
        elif text := squeezed(part.text):
            style = part.style.name if part.style is not None else ""
            if style.startswith(("Heading", "Title")):
                heading = text
            else:
                yield Block(text, None, f"paragraph {nth}", heading)


def _pptx_blocks(deck) -> Iterator[Block]:  # type: ignore[no-untyped-def]  # python-pptx has no types
    for number, slide in enumerate(deck.slides, 1):
        title = slide.shapes.title
        heading = squeezed(title.text) if title is not None and title.has_text_frame else ""
        for shape in _flat(slide.shapes):
            if title is not None and shape.shape_id == title.shape_id:
                continue
            if shape.has_text_frame:
                for paragraph in shape.text_frame.paragraphs:
                    if text := squeezed(paragraph.text):
                        yield Block(text, None, f"slide {number}", heading)
            elif getattr(shape, "has_table", False):
                for row in shape.table.rows:
                    if text := _row(cell.text for cell in row.cells):
                        yield Block(text, None, f"slide {number}", heading)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            for text in _paragraphs(slide.notes_slide.notes_text_frame.text):
                yield Block(text, None, f"slide {number}, notes", heading)


def _flat(shapes) -> Iterator:  # type: ignore[no-untyped-def, type-arg]  # as above
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _flat(shape.shapes)
        else:
            yield shape


def _row(cells) -> str:  # type: ignore[no-untyped-def]  # as above
    texts = [" ".join(cell.split()) for cell in cells]
    # Merged cells come once for each column they span.
    return ": ".join(text for at, text in enumerate(texts) if text and text not in texts[:at])


def _paragraphs(text: str) -> list[str]:
    """Lines joined where a sentence goes on: the line before ends in no mark and the next begins no item."""
    joined = re.sub(r"(?<![.!?:;])\n(?=[a-z(\"“])", " ", text)
    return [line for each in joined.splitlines() if (line := squeezed(each))]


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise UnreadableMaterial("it is not the Office file its name says.") from None
    if size > MOST_UNPACKED_BYTES:
        raise UnreadableMaterial(f"it unpacks to more than {MOST_UNPACKED_BYTES / 1e6:g} MB.")


def _library(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise UnreadableMaterial("this kind needs the extra: pip install 'call-coach[files]'.") from None
