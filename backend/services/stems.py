"""Words by their stems, made by SQLite's own Porter tokenizer: in memory and on disk they are the same."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from functools import cache, lru_cache

from backend.services.search_index import STOPWORDS, WORD, meaning_words

LONGEST_WORD = 60
_TABLES = """
    CREATE VIRTUAL TABLE text USING fts5 (word, tokenize = 'porter unicode61');
    CREATE VIRTUAL TABLE stems USING fts5vocab (text, instance);
"""


def stems(text: str) -> list[str]:
    """The stems of the words that carry meaning, each once, as they come; boundedly many."""
    stem = _tokenizer().stem
    return list(dict.fromkeys(part for word in meaning_words(text) for part in stem(word[:LONGEST_WORD])))


def counted_stems(text: str) -> Counter[str]:
    """How often each stem stands in a text of ours: all of it is read."""
    stem = _tokenizer().stem
    words = WORD.findall(text.lower().replace("’", "'"))
    return Counter(part for word in words if word not in STOPWORDS for part in stem(word))


class _Tokenizer:
    """One word at a time through an index in memory; what it was asked lately it knows."""

    def __init__(self) -> None:
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.executescript(_TABLES)
        self._lock = threading.Lock()
        self.stem = lru_cache(30_000)(self._stem)

    def _stem(self, word: str) -> tuple[str, ...]:
        """A word with signs inside has several."""
        with self._lock:
            self._index.execute("DELETE FROM text")
            self._index.execute("INSERT INTO text VALUES (?)", (word,))
            found = self._index.execute("SELECT term FROM stems ORDER BY offset").fetchall()
        return tuple(term for (term,) in found)


@cache
def _tokenizer() -> _Tokenizer:
    return _Tokenizer()
