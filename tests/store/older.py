"""Stores as an older Call Coach left them."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from backend.store import Store
from backend.store.schema import MIGRATIONS


async def taken_back(store: Store, revision: str) -> None:
    """Undo the migrations after this one; the reports' bodies stay."""

    def downgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with store._engine.begin() as connection:
        await connection.run_sync(downgrade)
