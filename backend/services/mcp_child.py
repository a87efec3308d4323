"""The prefect-mcp child process: what it is given, where it runs, and its last words on stderr."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from mcp.client.stdio import StdioServerParameters, stdio_client

from backend.settings import Settings

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams  # the SDK shows its name nowhere else

_INHERITED = frozenset(
    {"HOME", "PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}
)
_FIXED = {
    # Without a PREFECT_API_URL, any tool about flows would start a 235 MB Prefect server of its own.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # A docs host that hangs stalls the list of tools and each docs call this long (seconds).
    "PREFECT_DOCS_MCP_INIT_TIMEOUT": "2",
    "DO_NOT_TRACK": "1",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
    "FASTMCP_ENABLE_RICH_LOGGING": "false",
    "FASTMCP_ENABLE_RICH_TRACEBACKS": "false",
    "FASTMCP_LOG_LEVEL": "ERROR",
    "FASTMCP_SHOW_SERVER_BANNER": "false",
}
_CREDENTIALS = ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")

# The client keeps the child's pid to itself, so the child says it, and becomes the command.
_SAY_PID = ("/bin/sh", "-c", 'echo $$ >&2; exec "$0" "$@"')


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the child, and how to treat it. Times are in seconds.

    `parallel` calls are sent at once. `circuit_failures` in a row stop the asking for `circuit_rest_s`.
    A child that ends before it has lived for `steady_s` makes the wait before the next longer.
    """

    command: tuple[str, ...] = (sys.executable, "-m", "prefect_mcp_server")
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    parallel: int = 8
    start_timeout_s: float = 30
    backoff_s: float = 0.2
    backoff_max_s: float = 30
    steady_s: float = 10
    circuit_failures: int = 5
    circuit_rest_s: float = 30

    @classmethod
    def from_settings(cls, settings: Settings, environ: Mapping[str, str] = os.environ) -> Self:
        return cls(env=child_env(settings, environ), circuit_rest_s=settings.coach_docs_rest_seconds)

    def redact(self, text: str) -> str:
        """The text without the credentials the child was given."""
        for secret in secrets_of(self.env):
            text = text.replace(secret, "***")
        return text


def child_env(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """All that the child may know: a few names of our environment, the settings meant for it, quiet."""
    api_key, auth = settings.prefect_api_key, settings.prefect_api_auth_string
    meant = {
        "PREFECT_API_URL": settings.prefect_api_url and str(settings.prefect_api_url),
        "PREFECT_API_KEY": api_key and api_key.get_secret_value(),
        "PREFECT_API_AUTH_STRING": auth and auth.get_secret_value(),
        "PREFECT_DOCS_MCP_URL": settings.prefect_docs_mcp_url and str(settings.prefect_docs_mcp_url),
    }
    inherited = {name: value for name, value in environ.items() if name in _INHERITED}
    return inherited | _FIXED | {name: value for name, value in meant.items() if value}


def secrets_of(env: Mapping[str, str]) -> list[str]:
    """The values that must not be shown: credentials, and passwords in the addresses of proxies and hosts."""
    passwords = (urlsplit(value).password for value in env.values() if "://" in value and "@" in value)
    return [secret for secret in (*(env.get(name) for name in _CREDENTIALS), *passwords) if secret]


class LastWords(asyncio.Protocol):
    """Reads the child's stderr as fast as it comes, so that it never blocks, and keeps the last lines.

    The first line is the child's pid. `over` is set when stderr ends, which is when the child does.
    """

    KEPT_LINES = 40
    LINE_CHARS = 500

    def __init__(self, launch: Launch, lines: deque[str], over: asyncio.Event) -> None:
        self.pid: int | None = None
        self.ended = asyncio.Event()
        self._launch = launch
        self._lines = lines
        self._over = over
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *whole, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-4 * self.LINE_CHARS :]
        if whole and self.pid is None:
            self.pid = int(whole.pop(0))
        for line in whole[-self.KEPT_LINES :]:
            self._keep(line)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._rest:
            self._keep(self._rest)
        self._over.set()
        self.ended.set()

    def _keep(self, line: bytes) -> None:
        text = self._launch.redact(line.decode(errors="replace")).rstrip()
        if text:
            self._lines.append(text[: self.LINE_CHARS])


@asynccontextmanager
async def run_child(launch: Launch, words: LastWords) -> AsyncIterator[TransportStreams]:
    """Run the child in an empty directory of its own (it would obey a `.env`) until the block ends."""
    read_end, write_end = os.pipe()
    with (
        os.fdopen(write_end, "w") as stderr,
        tempfile.TemporaryDirectory(prefix="prefect-mcp-", ignore_cleanup_errors=True) as cwd,
    ):
        program, *args = (*_SAY_PID, *launch.command)
        parameters = StdioServerParameters(command=program, args=args, env=dict(launch.env), cwd=cwd)
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: words, os.fdopen(read_end, "rb", buffering=0)
        )
        try:
            async with stdio_client(parameters, stderr) as streams:
                stderr.close()  # ours: while it is open, the end of the child's would not show
                yield streams
        finally:
            stderr.close()
            with suppress(TimeoutError):  # what a child says as it dies may still be in the pipe
                async with asyncio.timeout(0.2):
                    await words.ended.wait()
            pipe.close()
