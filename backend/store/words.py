"""The words of calls: what is searched, in SQLite's FTS5 or PostgreSQL's full-text search.

SQLite: the index `call_words` reads its text from `call_texts`. A text that is taken out leaves its words in
the index, marked as gone, until FTS5 merges them away; `left_words` holds whose those are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table,
    text,
)
from sqlmodel import col

from backend.store.call_query import Piece, Snippet
from backend.store.tables import CallTextRow, LeftWordsRow, storable, table_of

MARK_ON, MARK_OFF = "\x02", "\x03"
"""Round the words found in a snippet. A kept text holds neither."""

CUT, NEW_TURN = "…", " — "
SNIPPET_WORDS = 28
HEADLINE = (
    f"StartSel={MARK_ON}, StopSel={MARK_OFF}, MaxWords={SNIPPET_WORDS}, MinWords=14, FragmentDelimiter={CUT}"
)
_UNMARKED = str.maketrans({MARK_ON: " ", MARK_OFF: " "})
_NO_MARKS = str.maketrans({MARK_ON: "", MARK_OFF: ""})
POSTGRES_BYTES = 400_000
"""Of a text so much is indexed: a tsvector ends at 1 MB. A call of three hours has half of it."""
LANGUAGE = "english"
STEP_PAGES = 250
"""A step of merging writes so many pages: some hundredths of a second."""


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


def left(connection: Connection) -> list[int]:
    """The calls whose words may still stand in the index though their text is gone."""
    return list(connection.scalars(select(col(LeftWordsRow.number))))


def merge(connection: Connection, first: bool) -> bool:
    """Take one step in merging the whole index, which drops what is marked as gone; whether more are to come.
    The `first` step of a run gathers all that is to be merged."""
    changes = text("SELECT total_changes()")
    before = connection.scalar(changes)
    step = text("INSERT INTO call_words (call_words, rank) VALUES ('merge', :pages)")
    connection.execute(step, {"pages": -STEP_PAGES if first else STEP_PAGES})
    return bool(connection.scalar(changes) - before >= 2)  # FTS5: fewer mean that nothing was left to do


def wiped(connection: Connection, numbers: Sequence[int]) -> None:
    """Nothing of these calls is left."""
    connection.execute(delete(LeftWordsRow).where(col(LeftWordsRow.number).in_(numbers)))


def having(connection: Connection, terms: Sequence[str]) -> tuple[ColumnElement[int], ColumnElement[bool]]:
    """The column of numbers, and the condition, of calls in which all of these stand."""
    if _sqlite(connection):
        index = table("call_words", column("rowid", BigInteger))
        match = literal_column("call_words", String).op("MATCH", is_comparison=True)(fts5(terms))
        return index.c.rowid, match
    index = table("call_words", column("number", BigInteger), column("words"))
    return index.c.number, index.c.words.op("@@", is_comparison=True)(_tsquery(terms))


def snippets(connection: Connection, terms: Sequence[str], numbers: Sequence[int]) -> dict[int, Snippet]:
    """Where these stand in each of the calls that hold them."""
    if not terms or not numbers:
        return {}
    number, holds = having(connection, terms)
    its = table_of(CallTextRow).c
    if _sqlite(connection):
        shown = func.snippet(literal_column("call_words"), 0, MARK_ON, MARK_OFF, CUT, SNIPPET_WORDS)
    else:
        shown = func.ts_headline(LANGUAGE, its.text, _tsquery(terms), HEADLINE)
    rows = connection.execute(
        select(number, shown, its.text).where(holds, number.in_(numbers), its.number == number)
    )
    return {at: _snippet(marked, text) for at, marked, text in rows}


def fts5(terms: Sequence[str]) -> str:
    """A query of FTS5 for all of these, each in quotes: nothing in them is taken as its syntax."""
    return " ".join('"{}"'.format(term.replace('"', " ").replace("\0", " ")) for term in terms)


def _tsquery(terms: Sequence[str]) -> ColumnElement[str]:
    asked = [func.phraseto_tsquery(LANGUAGE, term) for term in terms]
    return reduce(lambda one, other: one.op("&&")(other), asked)


def _snippet(marked: str, text: str) -> Snippet:
    """The pieces of a marked snippet, and the turn that its first word found stands in."""
    said = marked.translate(_NO_MARKS).strip(CUT)
    before = len(marked.partition(MARK_ON)[0].lstrip(CUT))
    at = text.find(said)
    turn = text.count("\n", 0, at + before) - 1 if at >= 0 else -1
    pieces = []
    for nth, stretch in enumerate(re.split(f"[{MARK_ON}{MARK_OFF}]", marked)):
        if stretch:
            pieces.append(Piece(stretch.replace("\n", NEW_TURN), hit=nth % 2 == 1))
    return Snippet(turn=turn if turn >= 0 else None, pieces=pieces)


def _stored(connection: Connection, number: int) -> str | None:
    return connection.scalar(select(col(CallTextRow.text)).where(col(CallTextRow.number) == number))


def _sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
