"""Where reports are kept: SQLite in the data directory, or PostgreSQL. `Store.open` is the way in."""

from __future__ import annotations

from backend.store.call_query import CallPage, CallQuery
from backend.store.store import Store
from backend.store.tables import CallSummary, StoreHealth

__all__ = ["CallPage", "CallQuery", "CallSummary", "Store", "StoreHealth"]
