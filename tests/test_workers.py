"""`call-coach serve --workers 2`: real processes behind one socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from backend.settings import Settings
from backend.workers import worker_settings
from tests.command import empty_home
from tests.conftest import REPO
from tests.service import CALL

PATIENCE_S = 60


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command and its address."""
    service = subprocess.Popen(
        [sys.executable, "-m", "backend", "serve", "--workers", "2", "--port", "0"],
        env=empty_home(folder) | {"PYTHONPATH": str(REPO)} | settings,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert service.stdout
        line = service.stdout.readline()
        yield service, next((word.rstrip(",") for word in line.split() if word.startswith("http")), "")
    finally:
        with suppress(ProcessLookupError):
            service.kill()
        service.communicate()


def workers_of(service: subprocess.Popen[str]) -> set[int]:
    children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text()
    return {int(child) for child in children.split()}


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


def answering(url: str) -> set[str]:
    """The workers that answer of some requests, each on a connection of its own."""
    seen = set()
    for _ in range(12):
        with suppress(httpx.TransportError):
            lines = httpx.get(f"{url}/metrics", timeout=PATIENCE_S).text.splitlines()
            seen |= {line.partition('worker="')[2][0] for line in lines if 'worker="' in line}
    return seen


@pytest.mark.slow
def test_calls_are_served_by_both_and_a_worker_that_is_killed_is_started_anew(tmp_path: Path) -> None:
    with serving(tmp_path) as (service, url):
        until(lambda: answering(url) == {"1", "2"})
        report = httpx.post(f"{url}/analyze", content=CALL, timeout=PATIENCE_S).json()
        for _ in range(8):
            assert httpx.get(f"{url}/calls/{report['id']}.json").json()["id"] == report["id"]
        before = workers_of(service)
        assert len(before) == 2
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(workers_of(service) - before) == 1)
        until(lambda: answering(url) == {"1", "2"})
        started = workers_of(service)
        service.send_signal(signal.SIGTERM)
        assert service.wait(PATIENCE_S) == 0
        assert not any(Path(f"/proc/{worker}").exists() for worker in started)


@pytest.mark.slow
def test_no_worker_outlives_a_service_that_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as (service, url):
        until(lambda: answering(url) == {"1", "2"})
        workers = workers_of(service)
        service.kill()
        service.wait(PATIENCE_S)
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


@pytest.mark.slow
def test_workers_that_cannot_start_end_the_service_with_a_sentence(tmp_path: Path) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    with serving(tmp_path, DATABASE_URL=nowhere) as (service, _):
        said = service.communicate(timeout=PATIENCE_S)[1]
    assert service.returncode == 2
    assert "The PostgreSQL store at 127.0.0.1:1 cannot be used" in said
    assert said.strip().endswith("A service process could not start; what it said stands above.")


def test_what_needs_doing_once_is_done_by_the_first_worker() -> None:
    settings = Settings(_env_file=None, coach_docs_sync_hours=24)
    assert worker_settings(settings, 1) == settings
    second = worker_settings(settings, 2)
    assert (second.coach_warm_per_minute, second.coach_docs_sync_hours) == (0, 0)


@pytest.mark.slow
def test_connections_are_handed_to_the_workers_in_turn(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, url):
        until(lambda: answering(url) == {"1", "2"})
        kept = [httpx.Client(base_url=url, timeout=PATIENCE_S) for _ in range(8)]
        try:
            texts = [client.get("/metrics").text for client in kept]
        finally:
            for client in kept:
                client.close()
    assert sorted(text.partition('worker="')[2][0] for text in texts) == ["1"] * 4 + ["2"] * 4
