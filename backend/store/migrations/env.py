"""Run by Alembic. The connection comes from `backend.store.schema`, already in a transaction."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import backend.store.tables  # noqa: F401  # declares the tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
