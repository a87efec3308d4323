"""Stores on both databases: SQLite in tmp_path, and a PostgreSQL cluster thrown away after the run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from backend.store import Store


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A cluster takes its time: PostgreSQL's turn is in `make test-slow`."""
    for item in items:
        if isinstance(item, pytest.Function) and "postgres" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """The socket folder of a running cluster. PostgreSQL refuses to run as root, so root steps down."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        pytest.skip("no PostgreSQL server in /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="coach-pg-"))
    owner = _server_owner()
    os.chown(folder, owner.pw_uid, owner.pw_gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [found[-1] / program, "-D", folder / "data", *arguments],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            check=True,
            user=owner.pw_uid,
            group=owner.pw_gid,
            extra_groups=[] if os.geteuid() == 0 else None,
        )

    try:
        run("initdb", "-U", "coach", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
        try:
            yield folder
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_owner() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    names = {user.pw_name: user for user in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


@pytest.fixture
def postgres(postgres_server: Path) -> str:
    """The URL of a new, empty PostgreSQL database."""
    return new_database(postgres_server)


def new_database(postgres_server: Path) -> str:
    name = f"db{uuid.uuid4().hex}"
    with psycopg.connect(
        host=str(postgres_server), user="coach", dbname="postgres", autocommit=True
    ) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    return f"postgres://coach@/{name}?host={postgres_server}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest) -> str | None:
    """DATABASE_URL for each kind of database; None is SQLite in the data directory."""
    return str(request.getfixturevalue("postgres")) if request.param == "postgresql" else None


@pytest.fixture
async def store(url: str | None, tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(url, tmp_path / "data") as store:
        yield store
