"""The prefect-mcp child process: what it is given, where it runs, and its last words on stderr."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import urlsplit

import httpx2
from mcp.client.stdio import StdioServerParameters, stdio_client

from backend.services.mcp_credentials import Credentials
from backend.services.mcp_reach import Line, Reach
from backend.settings import PUBLIC_DOCS_MCP_URL, Settings

_INHERITED = frozenset(
    {"HOME", "PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}
)
_FIXED = {
    # Without a PREFECT_API_URL, any tool about flows would start a 235 MB Prefect server of its own.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # Without credentials it would take those of the profile that is active on this machine. There is no such
    # file in its directory.
    "PREFECT_PROFILES_PATH": "no-profiles.toml",
    # A docs host that hangs stalls the list of tools and each docs call this long (seconds).
    "PREFECT_DOCS_MCP_INIT_TIMEOUT": "2",
    "DO_NOT_TRACK": "1",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
    "FASTMCP_ENABLE_RICH_LOGGING": "false",
    "FASTMCP_ENABLE_RICH_TRACEBACKS": "false",
    "FASTMCP_LOG_LEVEL": "ERROR",
    "FASTMCP_SHOW_SERVER_BANNER": "false",
}
_FAREWELL_S = 2.0
# The client keeps the child's pid to itself, so the child says it, and becomes the command. Where it can (the
# kernel is Linux, util-linux 2.33 or newer is there) it first asks to be killed when we end: 3 ms.
_BEGIN = """
echo $$ >&2
setpriv --pdeathsig KILL true 2>/dev/null && exec setpriv --pdeathsig KILL "$0" "$@"
exec "$0" "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch(Reach):
    """prefect-mcp as a child of ours: how to start it.

    However we end, it does not outlive us. Where we are killed, Linux kills it too, even one that is stopped
    (that is, when the thread that runs the event loop ends). Elsewhere it reads the end of its stdin, as
    prefect-mcp does at once; there, one that is stopped stays until it is continued.
    """

    transport: Literal["stdio"] = "stdio"
    command: tuple[str, ...] = (sys.executable, "-m", "prefect_mcp_server")
    env: Mapping[str, str] = field(default_factory=_FIXED.copy, repr=False)

    @classmethod
    def from_settings(cls, settings: Settings, environ: Mapping[str, str] = os.environ) -> Self:
        return cls(
            env=child_env(settings, environ),
            pool=settings.prefect_mcp_pool,
            circuit_rest_s=settings.coach_docs_rest_seconds,
        )

    @asynccontextmanager
    async def connect(self, ended: Callable[[], None], said: deque[str]) -> AsyncIterator[Line]:
        """Run the child in an empty directory of its own (it would obey a `.env`) until the block ends."""
        words = LastWords(self.redact, said, ended)
        read_end, write_end = os.pipe()
        with (
            os.fdopen(write_end, "w") as stderr,
            tempfile.TemporaryDirectory(prefix="prefect-mcp-", ignore_cleanup_errors=True) as cwd,
        ):
            parameters = StdioServerParameters(
                command="/bin/sh",
                args=["-c", _BEGIN, *self.command],
                env=dict(self.env),
                cwd=cwd,
                encoding_error_handler="replace",  # at one byte that is no UTF-8 the SDK would hear no more
            )
            pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: words, os.fdopen(read_end, "rb", buffering=0)
            )
            try:
                async with stdio_client(parameters, stderr) as streams:
                    stderr.close()  # ours: while it is open, the end of the child's would not show
                    await words.begun.wait()
                    try:
                        yield Line(streams, words.pid, mode="auto")
                    finally:
                        await _end(words)
            finally:
                stderr.close()
                with suppress(TimeoutError):  # what a child says as it dies may still be in the pipe
                    async with asyncio.timeout(0.2):
                        await words.ended.wait()
                pipe.close()

    async def docs_heard(self, within: float) -> bool:
        """Asked for its tools, as the child will ask it; whatever it says, it does not hang."""
        url = self.env.get("PREFECT_DOCS_MCP_URL", PUBLIC_DOCS_MCP_URL)
        question = {"jsonrpc": "2.0", "id": 0, "method": "tools/list"}
        accept = {"Accept": "application/json, text/event-stream"}
        try:
            async with (
                asyncio.timeout(within),
                httpx2.AsyncClient(timeout=within) as http,
                http.stream("POST", url, json=question, headers=accept),
            ):
                return True
        except (TimeoutError, httpx2.TimeoutException):
            return False
        except Exception:  # noqa: BLE001 -- refused, say, or no such proxy: the child will say it better
            return True

    def secrets(self) -> list[str]:
        """Credentials, and passwords in the addresses of proxies and hosts."""
        passwords = (urlsplit(url).password for url in self.env.values() if "://" in url and "@" in url)
        named = (self.env.get(name) for name in ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"))
        return [secret for secret in (*named, *passwords) if secret]


async def _end(words: LastWords) -> None:
    """Stop the child before the SDK does: that, cancelled half-way as when an event loop ends, would leave
    the child alive and wait for it for ever."""
    try:
        _signal(words, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await words.ended.wait()
    finally:
        _signal(words, signal.SIGKILL)


def _signal(words: LastWords, how: signal.Signals) -> None:
    if words.pid and not words.ended.is_set():
        with suppress(ProcessLookupError):
            os.killpg(words.pid, how)


def child_env(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """All that the child may know: a few names of our environment, the settings meant for it, quiet."""
    inherited = {name: value for name, value in environ.items() if name in _INHERITED}
    docs = settings.prefect_docs_mcp_url
    return (
        inherited
        | _FIXED
        | Credentials.from_settings(settings, environ).environment()
        | ({"PREFECT_DOCS_MCP_URL": str(docs)} if docs else {})
    )


class LastWords(asyncio.Protocol):
    """Reads the child's stderr as fast as it comes, so that it never blocks, and keeps the last lines.

    The first line is the child's pid. `ended` is called when stderr ends, which is when the child does.
    """

    KEPT_LINES = 40
    LINE_CHARS = 500

    def __init__(self, redact: Callable[[str], str], lines: deque[str], ended: Callable[[], None]) -> None:
        self.pid: int | None = None
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self._redact = redact
        self._lines = lines
        self._tell = ended
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *whole, rest = (self._rest + data).split(b"\n")
        # Its beginning, of which the end is never shown: a secret that is cut could not be told any more.
        self._rest = rest[: 16 * self.LINE_CHARS]
        if whole and self.pid is None:
            self.pid = int(whole.pop(0))
            self.begun.set()
        for line in whole[-self.KEPT_LINES :]:
            self._keep(line)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._rest:
            self._keep(self._rest)
        self._tell()
        self.begun.set()
        self.ended.set()

    def _keep(self, line: bytes) -> None:
        text = self._redact(line.decode(errors="replace")).rstrip()
        if text:
            self._lines.append(text[: self.LINE_CHARS])
