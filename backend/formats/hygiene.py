"""Bytes into clean text: encodings, control characters, line ends. Nowhere else is a transcript decoded."""

from __future__ import annotations

import re

from backend.errors import UnknownFormat

WHAT_TO_SEND = "send the transcript as text (.txt, .vtt, .srt) or JSON"

_SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a zip archive (a .docx is one too)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"RIFF", "a recording"),
    (b"ID3", "a recording"),
    (b"OggS", "a recording"),
    (b"fLaC", "a recording"),
    (b"\x1aE\xdf\xa3", "a recording"),
    (b"{\\rtf", "an RTF document"),
)
_CONTROLS = bytes({*range(9), *range(14, 28), 127})
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_NOT_ASCII = bytes(range(128, 256))
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(data: bytes) -> str:
    """The text of a file, cleaned. Raises UnknownFormat for what is not text."""
    for start, kind in _SIGNATURES:
        if data.startswith(start):
            raise UnknownFormat(f"This is {kind}, not a transcript: {WHAT_TO_SEND}.")
    if data[4:8] == b"ftyp":
        raise UnknownFormat(f"This is a recording, not a transcript: {WHAT_TO_SEND}.")
    encoding = _utf16(data)
    if encoding:
        return clean(data.decode(encoding, errors="replace"))
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > max(8, len(data) // 20):
        raise UnknownFormat(f"This is binary data, not a transcript: {WHAT_TO_SEND}.")
    return clean(_eight_bit(data))


def clean(text: str) -> str:
    """Without byte order mark, control characters and lone surrogates; every line ends in a newline.

    Letters are left as they are (no normal form), so that a quote stays what the file said.
    """
    if text.isprintable():  # then there is nothing to clean: JSON has many short strings
        return text
    text = _SURROGATE.sub("\ufffd", _UNWANTED.sub("", text.removeprefix("\ufeff")))
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")


def squeeze(text: str) -> str:
    """On one line, with single spaces."""
    return " ".join(text.split())


def _eight_bit(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_short = error.start >= len(data) - 3
        damaged = cut_short or _mostly_utf8(data)
        return data.decode("utf-8" if damaged else "cp1252", errors="replace")


def _mostly_utf8(data: bytes) -> bool:
    """Whether more of the characters beyond ASCII are whole in UTF-8 than broken."""
    ascii_only = len(data.translate(None, _NOT_ASCII))
    whole = len(data.decode("utf-8", errors="ignore")) - ascii_only
    return whole > data.decode("utf-8", errors="replace").count("\ufffd")


def _utf16(data: bytes) -> str | None:
    """UTF-16 by its mark, or else by its zeros: they stand in every other place."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    pairs = max(1, len(data) // 2)
    even, odd = data[0::2].count(0), data[1::2].count(0)
    zeros, others = max(even, odd), min(even, odd)
    if others * 10 < zeros and (zeros >= 0.4 * pairs or zeros >= max(8, 0.1 * pairs)):
        return "utf-16-le" if odd > even else "utf-16-be"
    return None
