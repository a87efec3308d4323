"""The Dockerfiles' own commands, run by hand in an empty folder, and what they made, run as a nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import REPO
from tests.deploy.dockerfile import Image, build, instructions
from tests.deploy.processes import NOBODY, PATIENCE_S, Served, free_port, serving
from tests.services.docs_fixture import DocsServer

DEPLOY = REPO / "deploy"
DOCKERFILES = [DEPLOY / "Dockerfile", DEPLOY / "prefect-mcp" / "Dockerfile"]
TOKEN = "a-token-of-the-tests"
UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def python() -> Path:
    """A Python for the base image's place that others than root may run too."""
    for found in (
        sys.executable,
        *(shutil.which(name, path=os.defpath) for name in ("python3.11", "python3")),
    ):
        real = Path(found).resolve() if found else Path()
        if found and all(part.stat().st_mode & 0o005 == 0o005 for part in [real, *real.parents]):
            return real
    pytest.skip("no Python here that a user without rights could run")


@pytest.fixture
def empty() -> Iterator[Path]:
    """An empty folder that everybody may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def run(image: Image, **env: str) -> AbstractContextManager[Served]:
    """The image started as it says, as its user, without a way to the network, on a free port."""
    port = free_port()
    ports = {"COACH_PORT": str(port), "FASTMCP_PORT": str(port), "COACH_HOST": "127.0.0.1"}
    closed = {"HTTPS_PROXY": UNREACHABLE, "HTTP_PROXY": UNREACHABLE, "NO_PROXY": "127.0.0.1"}
    user = NOBODY if os.geteuid() == 0 else None
    return serving(image.cmd, port, image.env | ports | closed | env, image.path("/data"), user=user)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=["backend", "prefect-mcp"])
def test_an_image_runs_without_rights_shell_or_secrets(dockerfile: Path) -> None:
    steps = instructions(dockerfile)
    names = [name for name, _ in steps]
    last = dict(steps[len(names) - names[::-1].index("FROM") :])
    assert last["USER"] == f"{NOBODY}:{NOBODY}"
    assert "RUN" not in last, "what builds stays out of the image that runs"
    for name in ("CMD", "HEALTHCHECK"):
        assert '["/venv/bin/' in last[name], f"{name} goes through a shell"
    for name, rest in steps:
        assert name != "ADD"
        assert not any(word in rest for word in ("API_KEY", "AUTH_STRING", "TOKEN", "PASSWORD"))


@pytest.mark.slow
def test_the_prefect_mcp_image(empty: Path, python: Path, docs: DocsServer) -> None:
    image = build(DOCKERFILES[1], empty, python)
    with run(image, PREFECT_DOCS_MCP_URL=docs.url) as server:
        assert probe(image, server, "/health") == 0
        assert not httpx.get(f"{server.url}/health", headers={"Host": "evil.example"}).is_success
        assert httpx.get(f"{server.url}/health", headers={"Host": "prefect-mcp.coach.svc"}).is_success
        figures(image, server)
        assert server.stop() in {0, -15}
        assert probe(image, server, "/health") == 1
    assert compiled(image)


@pytest.mark.slow
def test_the_backend_image(empty: Path, python: Path, docs: DocsServer, tmp_path: Path) -> None:
    image = build(DOCKERFILES[0], empty, python)
    refused = subprocess.run(image.cmd, env=image.env, capture_output=True, check=False, timeout=60)
    assert b"COACH_API_TOKENS" in refused.stderr, "it opened its door to everybody"
    port = free_port()
    served = {"PREFECT_DOCS_MCP_URL": docs.url, "FASTMCP_PORT": str(port), "PATH": os.environ["PATH"]}
    prefect_mcp = [sys.executable, str(DEPLOY / "prefect-mcp" / "serve.py")]
    with serving(prefect_mcp, port, served, tmp_path) as mcp:
        remote = {"PREFECT_MCP_TRANSPORT": "http", "PREFECT_MCP_URL": f"{mcp.url}/mcp"}
        with run(image, COACH_API_TOKENS=TOKEN, **remote) as server:
            assert probe(image, server, "/health") == 0
            assert probe(image, server, "/ready", COACH_API_TOKENS=TOKEN) == 0
            assert probe(image, server, "/ready", COACH_API_TOKENS="") == 1
            report = analysed(server)
            assert report["claims"], "the knowledge pack is not in the image"
            assert report["knowledge"]["status"] == "fresh", report["knowledge"]
            figures(image, server)
            assert server.stop() in {0, -15}
    assert "Traceback" not in server.log.read_text()
    assert compiled(image)


def analysed(server: Served) -> Any:
    """The report on one sentence, once prefect-mcp is connected."""
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30) as http:
        until = time.monotonic() + PATIENCE_S
        while http.get("/ready").json()["prefect_mcp"]["state"] != "up":
            assert time.monotonic() < until, http.get("/ready").text
            time.sleep(0.05)
        call = {"transcript": "Mara: Automations are only in Prefect Cloud.", "call": {"rep": "Mara"}}
        return http.post("/analyze", json=call).raise_for_status().json()


def probe(image: Image, server: Served, path: str, **env: str) -> int:
    """The exit status of the image's own health check, asked for this path."""
    command = [word.replace("http://127.0.0.1:8000/health", server.url + path) for word in image.healthcheck]
    return subprocess.run(
        command, env=image.env | env, check=False, capture_output=True, timeout=30
    ).returncode


def compiled(image: Image) -> bool:
    """Whether all that is imported was compiled, as a read-only image cannot do it later."""
    packages = next(image.path("/venv").glob("lib/python*/site-packages"))
    return all(
        any((source.parent / "__pycache__").glob(f"{source.stem}.*.pyc"))
        for name in ("prefect", "prefect_mcp_server", "fastmcp")
        for source in (packages / name).glob("*.py")
    )


def figures(image: Image, server: Served) -> None:
    """For whoever runs this with -s: what the image and the process weigh."""
    sizes = (
        file.stat().st_size for file in image.root.rglob("*") if file.is_file() and not file.is_symlink()
    )
    weight = f"{sum(sizes) / 1e6:.0f} MB beside the base image, {server.resident_mb():.0f} MB resident"
    print(f"\n{weight}")  # noqa: T201 -- the figures in the manifests come from here
