"""Where reports are kept: SQLite in the data directory, or PostgreSQL. `Store.open` is the way in."""

from __future__ import annotations

from backend.store.store import Store
from backend.store.tables import CallPage, CallSummary, StoreHealth

__all__ = ["CallPage", "CallSummary", "Store", "StoreHealth"]
