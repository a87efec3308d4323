"""How an MCP server is reached, and how it is treated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams  # the SDK shows its name nowhere else

TransportName = Literal["stdio", "http", "sse", "docs"]


class Line(NamedTuple):
    """An open line to a server, the server's pid where it is our child, and how the protocol's version is
    agreed on.

    Over a network it is the old handshake: the new one has no session, and a gateway in front of a stdio
    server then starts a child for each request (2 to 5 s a call in place of 0.1 s).
    """

    streams: TransportStreams
    pid: int | None = None
    mode: Literal["auto", "legacy"] = "legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach(ABC):
    """A way to a server. Times are in seconds.

    `pool` connections are kept, and on each `parallel` docs calls and as many others are sent at once. Two
    children on two cores answer 1.4 to 1.7 times as many different queries as one, where 4 or more are asked
    at once, and no more where one is; each takes 144 MB. A connection that ends before it has lived for
    `steady_s` makes the wait before the next longer. A server that does not answer a probe within `probe_s`
    counts as gone. Its tools are listed every `list_s`, and while those of the docs are missing, every
    `look_s`. Docs calls that fail `circuit_failures` times in a row stop for `circuit_rest_s`.
    """

    transport: TransportName
    pool: int = 1
    parallel: int = 8
    start_timeout_s: float = 30
    backoff_s: float = 0.2
    backoff_max_s: float = 30
    steady_s: float = 10
    probe_s: float = 3
    list_s: float = 600
    look_s: float = 15
    circuit_failures: int = 5
    circuit_rest_s: float = 30

    @abstractmethod
    def connect(self, ended: Callable[[], None], said: deque[str]) -> AbstractAsyncContextManager[Line]:
        """Open a line. `ended` is called when the server is seen to end; its last words go to `said`."""

    @abstractmethod
    def secrets(self) -> list[str]:
        """The values that must not be shown."""

    async def docs_heard(self, within: float) -> bool:
        """Whether the docs server behind a server that starts shows within so many seconds that it does not
        hang. False at once where it cannot be asked past that server."""
        return False

    def failed(self, reason: str) -> str:
        """The sentence on a server that cannot be had."""
        return f"prefect-mcp could not be started: {reason}."

    def sent_name(self, tool: str) -> str:
        """What the server calls a tool of ours."""
        return tool

    def our_name(self, tool: str) -> str:
        """What we call a tool of the server's: as prefect-mcp does."""
        return tool

    def redact(self, text: str) -> str:
        """The text without any secret."""
        for secret in self.secrets():
            text = text.replace(secret, "***")
        return text
