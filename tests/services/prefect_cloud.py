"""A stand-in for Prefect Cloud's tokens: an endpoint that gives them, and doors that they open."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import UUID

SCOPE = "prefect-cloud:workspaces"
WORKSPACE = {"account_id": str(UUID(int=1)), "workspace_id": str(UUID(int=2)), "workspace_name": "ours"}


@dataclass
class Cloud:
    """Gives tokens that live `lives_s`, signed so that a prefect-mcp with `key` takes them, to the client
    "us" with "a-secret"; opens its doors to the last one given. `forms` are what was asked with."""

    url: str = ""
    key: str = "known to prefect-mcp and to Prefect Cloud"
    lives_s: int = 300
    given: int = 0
    forms: list[str] = field(default_factory=list)
    refuses: bool = False

    @property
    def token(self) -> str:
        claims = {"iss": "AuthServerID", "aud": "AuthServerID", "sub": "us", "scope": SCOPE, "exp": _LATER}
        parts = ({"alg": "HS256", "typ": "JWT"}, {**claims, "jti": self.given})
        signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_base64(hmac.digest(self.key.encode(), signed.encode(), hashlib.sha256))}"


_LATER = int(time.time()) + 3600


def _base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@contextmanager
def prefect_cloud() -> Iterator[Cloud]:
    """On loopback, while the block runs."""
    cloud = Cloud()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            who = "Basic " + base64.b64encode(b"us:a-secret").decode()
            cloud.forms.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if cloud.refuses or self.headers["Authorization"] != who:
                return self._say(401, {})
            cloud.given += 1
            token = {"access_token": cloud.token, "token_type": "Bearer", "scope": SCOPE}
            return self._say(200, token | {"expires_in": cloud.lives_s})

        def do_GET(self) -> None:
            known = self.headers["Authorization"] == f"Bearer {cloud.token}"
            self._say(*((200, [WORKSPACE]) if known else (401, [])))

        def _say(self, status: int, answer: object) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        cloud.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield cloud
        finally:
            server.shutdown()
            thread.join()
