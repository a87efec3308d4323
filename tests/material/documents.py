"""Office documents made for the tests, with the libraries that read them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pptx


def word(path: Path, *paragraphs: str, heading: str = "Plans", row: tuple[str, str] | None = None) -> Path:
    document: Any = docx.Document()
    document.add_heading(heading)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if row:
        cells = document.add_table(rows=1, cols=2).rows[0].cells
        cells[0].text, cells[1].text = row
    document.save(str(path))
    return path


def slides(path: Path, title: str, *lines: str, notes: str = "") -> Path:
    deck: Any = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = title
    slide.placeholders[1].text_frame.text = "\n".join(lines)
    if notes:
        slide.notes_slide.notes_text_frame.text = notes
    deck.save(str(path))
    return path


def pdf(path: Path, *pages: str) -> Path:
    """A PDF by hand: one line of text for each line of a page."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for page in pages:
        lines = " ".join(f"({line}) Tj 0 -14 Td" for line in page.splitlines())
        content = f"BT /F1 12 Tf 72 720 Td {lines} ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    written, places = BytesIO(b""), []
    written.write(b"%PDF-1.4\n")
    for number, each in enumerate(objects, 1):
        places.append(written.tell())
        written.write(f"{number} 0 obj\n{each}\nendobj\n".encode())
    start = written.tell()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    written.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode())
    written.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode())
    path.write_bytes(written.getvalue())
    return path
