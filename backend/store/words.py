"""The words of calls: what is searched, in SQLite's FTS5 or PostgreSQL's full-text search.

SQLite: the index `call_words` reads its text from `call_texts`. A text that is taken out leaves its words in
the index, marked as gone, until FTS5 merges them away; `left_words` holds whose those are.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, text
from sqlmodel import col

from backend.store.tables import CallTextRow, LeftWordsRow, storable, table_of

MARK_ON, MARK_OFF = "\x02", "\x03"
"""Round the words found in a snippet. A kept text holds neither."""

_UNMARKED = str.maketrans({MARK_ON: " ", MARK_OFF: " "})
POSTGRES_BYTES = 400_000
"""Of a text so much is indexed: a tsvector ends at 1 MB. A call of three hours has half of it."""
LANGUAGE = "english"


def indexable(said: str) -> str:
    """A text as it is kept."""
    return storable(said).translate(_UNMARKED)


def put(connection: Connection, number: int, said: str) -> None:
    """Make this the text of the call; nothing is done where it is already."""
    stored = _stored(connection, number)
    if stored == said:
        return
    if stored is not None:
        remove(connection, number)
    connection.execute(insert(table_of(CallTextRow)), {"number": number, "text": said})
    if _sqlite(connection):
        index = text("INSERT INTO call_words (rowid, text) VALUES (:number, :said)")
        connection.execute(index, {"number": number, "said": said})
    else:
        index = text("INSERT INTO call_words (number, words) VALUES (:number, to_tsvector(:language, :said))")
        head = said.encode()[:POSTGRES_BYTES].decode(errors="ignore")
        connection.execute(index, {"number": number, "language": LANGUAGE, "said": head})


def remove(connection: Connection, number: int) -> None:
    """Take the call's text out."""
    stored = _stored(connection, number)
    if stored is None:
        return
    if _sqlite(connection):
        # FTS5 finds what to take out by the very words that were put in.
        gone = text("INSERT INTO call_words (call_words, rowid, text) VALUES ('delete', :number, :said)")
        connection.execute(gone, {"number": number, "said": stored})
        connection.execute(delete(LeftWordsRow).where(col(LeftWordsRow.number) == number))
        connection.execute(insert(table_of(LeftWordsRow)), {"number": number})
    else:
        connection.execute(text("DELETE FROM call_words WHERE number = :number"), {"number": number})
    connection.execute(delete(CallTextRow).where(col(CallTextRow.number) == number))


def _stored(connection: Connection, number: int) -> str | None:
    return connection.scalar(select(col(CallTextRow.text)).where(col(CallTextRow.number) == number))


def _sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
