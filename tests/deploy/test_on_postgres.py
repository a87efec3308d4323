"""The backend on a real PostgreSQL, as the compose file runs it: by address and password, two at once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import REPO
from tests.deploy.processes import PATIENCE_S, Served, free_port, serving
from tests.store.conftest import _server_owner

pytestmark = pytest.mark.slow
TOKEN, PASSWORD = "a-token-of-the-tests", "a-word-of-the-tests"
CALL = {"transcript": "Mara: Automations are only in Prefect Cloud.", "call": {"rep": "Mara"}}


class Postgres:
    """A cluster on loopback that wants a password, thrown away afterwards."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder, self._programs = folder, programs
        self._owner = _server_owner()
        self.port = free_port()
        self.url = f"postgresql://coach:{PASSWORD}@127.0.0.1:{self.port}/coach"

    def make(self) -> None:
        (self._folder / "word").write_text(PASSWORD)
        for path in (self._folder, self._folder / "word"):
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)
        auth = ("-A", "scram-sha-256", f"--pwfile={self._folder / 'word'}")
        self._run("initdb", "-U", "coach", *auth, "-E", "UTF8", "--no-sync", "--no-instructions")
        self.start()
        with psycopg.connect(self.url.removesuffix("coach") + "postgres", autocommit=True) as server:
            server.execute("CREATE DATABASE coach")

    def start(self) -> None:
        listens = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-l", str(self._folder / "log"), "-o", listens)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate")

    def _run(self, program: str, *arguments: str) -> None:
        root = os.geteuid() == 0  # which PostgreSQL refuses to run as
        subprocess.run(
            [self._programs / program, "-D", self._folder / "data", *arguments],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            check=True,
            user=self._owner.pw_uid if root else None,
            group=self._owner.pw_gid if root else None,
            extra_groups=[] if root else None,
        )


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        pytest.skip("no PostgreSQL server in /usr/lib/postgresql, so the backend on one is NOT tested")
    folder = Path(f"/tmp/coach-pg-{os.getpid()}")  # pytest's own are closed to others
    folder.mkdir(mode=0o755)
    server = Postgres(folder, found[-1])
    try:
        server.make()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def backend(postgres: Postgres, folder: Path) -> Iterator[Served]:
    folder.mkdir(exist_ok=True)
    port = free_port()
    env = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "PYTHONPATH": str(REPO),
        "HOME": str(folder),
        "COACH_DATA_DIR": str(folder / "data"),
        "COACH_PORT": str(port),
        "COACH_API_TOKENS": TOKEN,
        "DATABASE_URL": postgres.url,
        "PREFECT_MCP_ENABLED": "false",
    }
    with serving([sys.executable, "-m", "backend", "serve"], port, env, folder) as served:
        yield served


def http(served: Served) -> httpx.Client:
    return httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)


def ready(served: Served, wanted: int) -> Any:
    """What /ready says, once it answers so."""
    with http(served) as client:
        until = time.monotonic() + PATIENCE_S
        while (answer := client.get("/ready")).status_code != wanted:
            assert time.monotonic() < until, answer.text
            time.sleep(0.05)
        return answer.json()


def ids(served: Served) -> set[str]:
    with http(served) as client:
        return {call["id"] for call in client.get("/calls.json").json()["calls"]}


def test_two_backends_share_an_empty_postgresql_and_outlive_its_restart(
    postgres: Postgres, tmp_path: Path
) -> None:
    with ExitStack() as both, ThreadPoolExecutor() as at_once:
        backends = [backend(postgres, tmp_path / name) for name in ("a", "b")]
        one, two = at_once.map(lambda each: each.__enter__(), backends)
        for each, served in zip(backends, (one, two), strict=True):
            both.push(each)
            assert ready(served, 200)["store"]["backend"] == "postgresql"

        with http(one) as client, http(two) as other:
            first = client.post("/analyze", json=CALL).json()
            assert other.post("/analyze", json=CALL).json()["id"] == first["id"], "it was analysed twice"
            assert ids(one) == ids(two) == {first["id"]}

            postgres.stop()
            away = ready(one, 503)
            assert f"127.0.0.1:{postgres.port} cannot be used" in away["store"]
            assert client.get("/health").status_code == 200
            unkept = client.post("/analyze", json={"transcript": "Mara: Prefect has workers."}).json()
            assert any("not stored" in warning for warning in unkept["warnings"])

            postgres.start()
            assert ready(one, 200)["store"]["reports"] == 1
            assert client.get(f"/calls/{first['id']}.json").json()["id"] == first["id"]
        assert one.stop() in {0, -signal.SIGTERM}
        with backend(postgres, tmp_path / "a") as again:
            assert ids(again) == ids(two) == {first["id"]}
        for served in (one, two):
            assert PASSWORD not in served.log.read_text()
            assert "Traceback" not in served.log.read_text()


def test_a_database_that_hangs_is_told_in_the_time_a_probe_waits(postgres: Postgres, tmp_path: Path) -> None:
    with backend(postgres, tmp_path / "a") as served, http(served) as client:
        assert ready(served, 200)
        with psycopg.connect(postgres.url) as locking:
            locking.execute("LOCK TABLE reports IN ACCESS EXCLUSIVE MODE")
            answer = client.get("/ready", timeout=4)
            assert answer.status_code == 503
            assert "did not answer within 3 seconds" in answer.json()["store"]
            assert "call_coach_store_up 0.0" in client.get("/metrics", timeout=4).text
            assert client.get("/health", timeout=1).status_code == 200
        assert ready(served, 200)
