"""What is counted of the cache of docs answers, for `/ready`, `/metrics` and the page of what is known."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class CacheCounts(BaseModel):
    """How calls went since the start. `recalled` hits and stale ones came from the shelf, `negative` calls
    were not made since the same one had just failed, `warmed` answers were loaded before anyone asked,
    `revalidated` ones behind a caller's back; `errors` counts loads that failed, for whomever."""

    hits: int = 0
    misses: int = 0
    stale: int = 0
    joined: int = 0
    errors: int = 0
    negative: int = 0
    recalled: int = 0
    warmed: int = 0
    revalidated: int = 0


class CacheStats(CacheCounts):
    """The counts of all tools and of each, and what is held in memory now, in characters."""

    entries: int
    size: int
    shelf_errors: int = 0
    by_tool: dict[str, CacheCounts] = {}


Count = Literal[
    "hits", "misses", "stale", "joined", "errors", "negative", "recalled", "warmed", "revalidated"
]
