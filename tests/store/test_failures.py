"""A store that cannot be used says so in one sentence, and no secret is in it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from backend.errors import CoachError, StoreUnavailable, UnusableSetting
from backend.store import Store
from backend.store.bodies import Body, _upgrade
from backend.store.database import locate
from tests.store.reports import SAID, report_of

pytestmark = pytest.mark.anyio
NOBODY = 65534


@contextmanager
def _without_rights() -> Iterator[None]:
    """Root may write anywhere, so root steps down for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


async def _refusal(url: str | None, data_dir: Path) -> CoachError:
    with pytest.raises(CoachError) as refused:
        async with Store.open(url, data_dir):
            pass
    assert str(refused.value).count("\n") == 0
    return refused.value


async def test_a_folder_that_may_not_be_written_makes_the_store_unavailable(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    async with Store.open(None, tmp_path / "open"):  # loads what nobody may read in root's Python
        pass
    with _without_rights():
        refused = await _refusal(None, tmp_path / "locked" / "data")
    assert isinstance(refused, StoreUnavailable)
    assert "calls.db cannot be used (permission denied); check the disk" in str(refused)


async def test_a_file_where_the_folder_should_be_makes_the_store_unavailable(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert isinstance(await _refusal(None, tmp_path / "data"), StoreUnavailable)


async def test_a_file_that_is_no_database_makes_the_store_unavailable(tmp_path: Path) -> None:
    (tmp_path / "calls.db").write_bytes(b"not a database" * 100)
    refused = await _refusal(None, tmp_path)
    assert isinstance(refused, StoreUnavailable)
    assert "file is not a database" in str(refused)


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from backend.errors import StoreUnavailable
from backend.store import Store
from tests.store.reports import report_of

async def main():
    async with Store.open(None, Path(sys.argv[1])) as store:
        await store.save(report_of("small"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        try:
            await store.save(report_of("large", turns=20_000))
        except StoreUnavailable as error:
            print(error)
        print([call.id for call in (await store.calls()).calls])
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await store.save(report_of("after"))
        print(await store.count())

asyncio.run(main())
"""


def test_a_full_disk_refuses_the_report_and_the_store_lives_on(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stderr == ""
    refused, listed, count = run.stdout.splitlines()
    assert "cannot be used (" in refused
    assert "check the disk" in refused
    assert (listed, count) == ("['small']", "2")


async def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path: Path) -> None:
    url = "postgresql://coach:s3cret-word@127.0.0.1:1/calls?sslpassword=s3cret-too"
    refused = await _refusal(url, tmp_path)
    assert isinstance(refused, StoreUnavailable)
    assert "127.0.0.1:1 cannot be used" in str(refused)
    chain = [refused, refused.__cause__, refused.__context__]
    assert not any("s3cret" in str(error) for error in chain)


@pytest.mark.parametrize(
    "url",
    [
        "s3cret",
        "mysql://coach:s3cret@host/calls",
        "postgresql://coach:p@s3cret@host/calls",
        "postgresql://coach:p@ss/s3cret@host/calls",
        "postgresql://coach:s3cret@host:54e2/calls",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_url_that_names_no_store_stops_the_start_and_is_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableSetting, match=r"^DATABASE_URL .*\.$") as refused:
        locate(url, tmp_path)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_served_by_its_one_driver(scheme: str, tmp_path: Path) -> None:
    database = locate(f"{scheme}://coach:word@host/calls?sslmode=require", tmp_path)
    assert (
        database.url.render_as_string(False) == "postgresql+psycopg://coach:word@host/calls?sslmode=require"
    )


async def test_an_sqlite_url_names_its_own_file(tmp_path: Path) -> None:
    async with Store.open(f"sqlite:///{tmp_path}/elsewhere/mine.db", tmp_path / "data") as store:
        await store.save(report_of())
    assert (tmp_path / "elsewhere" / "mine.db").exists()
    assert not (tmp_path / "data").exists()


def test_a_missing_driver_is_named_with_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # Python's own way to say: not installed
    with pytest.raises(UnusableSetting, match="install the extra `postgres`"):
        locate("postgresql://coach@host/calls", tmp_path)


async def test_a_damaged_body_is_reported_by_its_id_and_not_quoted(tmp_path: Path) -> None:
    async with Store.open(None, tmp_path) as store:
        await store.save(report_of())
        with closing(sqlite3.connect(tmp_path / "calls.db")) as file, file:
            file.execute("UPDATE reports SET body = substr(body, 1, 900)")
        with pytest.raises(StoreUnavailable, match="Report r1 is damaged") as refused:
            await store.by_id("r1")
        assert refused.value.__cause__ is None
        assert SAID not in str(refused.value)
        assert (await store.calls()).calls[0].id == "r1"


async def test_a_report_of_a_newer_call_coach_is_refused(tmp_path: Path) -> None:
    async with Store.open(None, tmp_path) as store:
        await store.save(report_of())
        with closing(sqlite3.connect(tmp_path / "calls.db")) as file, file:
            file.execute("UPDATE reports SET version = 7")
        with pytest.raises(StoreUnavailable, match=r"report version 7.*; upgrade Call Coach"):
            await store.by_id("r1")


def test_an_older_body_is_brought_up_to_the_present_version() -> None:
    def rename(body: Body) -> Body:
        return {"call": body["meeting"]}

    assert _upgrade({"version": 0, "meeting": "x"}, 0, {0: rename}) == {"version": 1, "call": "x"}
