"""Prefect's server as `prefect server start` runs it, on a socket that is handed to it.

Prefect's client writes null for what it does not say, in requests to `/…/filter`. FastAPI took that for
nothing said until 0.150, and refuses it from 0.151 on. The nulls are left out here, as if an older FastAPI
were installed, as it is beside the servers people run.
"""

from __future__ import annotations

import json
import sys

import uvicorn
from prefect.server.api.server import create_app
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class WithoutNulls:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/filter"):
            await self._app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        said = {name: value for name, value in json.loads(body or b"{}").items() if value is not None}
        whole = json.dumps(said).encode()
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        scope["headers"] = [*headers, (b"content-length", str(len(whole)).encode())]
        parts: list[Message] = [{"type": "http.request", "body": whole}]

        async def once() -> Message:
            return parts.pop() if parts else await receive()

        await self._app(scope, once, send)


if __name__ == "__main__":
    uvicorn.run(WithoutNulls(create_app(final=True)), fd=int(sys.argv[1]), log_level="warning")
