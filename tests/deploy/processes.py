"""Real servers for these tests: what is deployed, as a process, and a stand-in for the Prefect API."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

PATIENCE_S = 60.0
NOBODY = 10001
"""The uid of our images. It has no name on the machine, as in a container."""


@dataclass(frozen=True)
class Served:
    """A process that answers HTTP on loopback."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def stop(self) -> int:
        """Ask it to end as a container engine would; gives the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(
    command: Sequence[str], port: int, env: Mapping[str, str], cwd: Path, *, user: int | None = None
) -> Iterator[Served]:
    """A server with this environment alone, from its first healthy answer on; it ends with the block."""
    log = cwd / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,  # what it starts is ended with it
        )
        try:
            served = Served(process, f"http://127.0.0.1:{port}", log)
            _wait_for_health(served)
            yield served
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_for_health(served: Served) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        assert served.process.poll() is None, served.log.read_text()
        assert time.monotonic() < until, served.log.read_text()
        try:
            if httpx.get(f"{served.url}/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)


@dataclass
class PrefectAPI:
    """Answers each search of the Prefect API with an empty list; `authorizations` are what callers showed."""

    url: str = ""
    authorizations: list[str | None] = field(default_factory=list)


@contextmanager
def prefect_api() -> Iterator[PrefectAPI]:
    api = PrefectAPI()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            api.authorizations.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def do_GET(self) -> None:
            self.send_error(404)  # as a server without CSRF protection answers for a token

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        api.url = f"http://127.0.0.1:{server.server_port}/api"
        yield api
        server.shutdown()
        thread.join()
