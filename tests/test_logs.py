"""The log of real processes: one line an event, and nothing of a call or a secret in any of them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from tests.claude_server import ClaudeServer, Says, fails
from tests.command import STARTED_S, serving
from tests.conftest import REPO
from tests.services.docs_fixture import DocsServer

CALL = """\
Mara Quillfeather: Hi Zebulon, on the Hobby plan at Quuxford Holdings the history stays for thirty days.
Zebulon Wintergarten: Write to zebulon@quuxford.example; password hunter2xyz; we pay Snowdrift for Airflow.
Mara Quillfeather: A worker polls the work pool for Quuxford; automations are only in Prefect Cloud.
Zebulon Wintergarten: Is Kryptomax single sign-on included?
"""
MORE = """\
Mara Quillfeather: Work queues have a priority, and a deployment's schedule can be paused.
Mara Quillfeather: Task runs can be cached by their inputs, and a global concurrency limit holds them back.
"""
WORDS = (
    "quillfeather",
    "zebulon",
    "wintergarten",
    "quuxford",
    "hunter2xyz",
    "snowdrift",
    "kryptomax",
    "hobby",
)
SECRETS = {
    "COACH_API_TOKENS": "tok-marked-0123456789",
    "ANTHROPIC_API_KEY": "sk-ant-marked-key",
    "PREFECT_API_KEY": "pnu_marked_key",
    "PREFECT_API_AUTH_STRING": "someone:marked-auth",
}


@dataclass
class Served:
    """`call-coach serve` as a process of its own; `log` is complete once it has stopped."""

    http: httpx.Client
    log: str = ""
    events: list[dict[str, JsonValue]] = field(default_factory=list)

    def named(self, event: str) -> list[dict[str, JsonValue]]:
        return [one for one in self.events if one["event"] == event]


@contextmanager
def served_in(folder: Path, **settings: str) -> Iterator[Served]:
    env = _env(folder) | SECRETS | {"COACH_LOG_LEVEL": "debug", "COACH_WARM_PER_MINUTE": "0"} | settings
    headers = {"authorization": f"Bearer {SECRETS['COACH_API_TOKENS']}"}
    with (
        serving(env) as (_, address),
        httpx.Client(base_url=address, headers=headers, timeout=STARTED_S) as http,
    ):
        served = Served(http)
        yield served
    served.log = (folder / "log").read_text()
    served.events = [json.loads(line) for line in served.log.splitlines()]


def _env(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "SSL_CERT_FILE"}}
    return kept | {"HOME": str(folder), "PYTHONPATH": str(REPO), "PREFECT_MCP_ENABLED": "false"}


def visit(http: httpx.Client) -> None:
    """Everything a caller can do with a customer's words in hand."""
    call = {"title": "Quuxford", "rep": "Mara Quillfeather", "id": "zebulon-1"}
    asked = http.post("/analyze", json={"transcript": CALL, "call": call})
    assert asked.status_code == 200, asked.text
    report = asked.json()["id"]
    http.post(
        "/analyze", content=CALL.encode(), params={"title": "Zebulon"}, headers={"content-type": "text/plain"}
    )
    http.post("/analyze", files={"file": ("quuxford.txt", CALL.encode())})
    http.post("/analyze", json={"transcript": CALL, "quuxford": 1, "options": {"zebulon": True}})
    http.post("/analyze", content=b'{"transcript": "Zebulon', headers={"content-type": "application/json"})
    http.post("/analyze", content=b"\x00Zebulon" * 9, headers={"content-type": "application/zebulon"})
    job = http.post("/analyze", json={"transcript": CALL, "call": call}, headers={"prefer": "respond-async"})
    http.get(job.json()["events"])  # until it is done
    http.delete(job.headers["location"])
    draft = http.post("/add", data={"text": CALL}).headers["location"]
    http.post(draft, data={"title": "Zebulon", "side-0": "quuxford"})
    http.get("/jobs/Zebulon/events", headers={"last-event-id": "Zebulon"})
    http.post("/login", data={"token": "Zebulon-token-marked"})
    for path in (f"/calls/{report}", "/calls/Zebulon", "/Quuxford", "/?before=Zebulon", "/ready", "/metrics"):
        http.get(path, headers={"accept": "text/html"})
    http.get("/ready", headers={"authorization": "Bearer wrong-token-marked"})
    http.request("ZEBULON", "/")
    http.delete(f"/calls/{report}")


def leaked(log: str, *more: str) -> list[str]:
    lowered = log.lower()
    return [word for word in (*WORDS, *SECRETS.values(), "marked", *more) if word.lower() in lowered]


def test_a_call_coached_by_rules_leaves_no_word_in_the_log(tmp_path: Path) -> None:
    with served_in(tmp_path, COACH_ANALYST="rules") as served:
        visit(served.http)
    assert leaked(served.log) == []
    assert {event["level"] for event in served.events} <= {"debug", "info"}
    assert len(served.named("call.coached")) >= 1
    assert {"/analyze", "/calls/{report_id}", "none"} <= {
        event["route"] for event in served.named("request.answered")
    }


@pytest.mark.parametrize(
    "says", [fails(400), Says(text=f'{{"claims": "{CALL[:30]}"}}')], ids=["400", "garbage"]
)
@pytest.mark.slow
def test_claude_failing_leaves_no_word_in_the_log(says: Says, tmp_path: Path) -> None:
    with ClaudeServer(says) as claude, served_in(tmp_path, ANTHROPIC_BASE_URL=claude.url) as served:
        visit(served.http)
    assert leaked(served.log, "words of the call") == []
    assert any(event["fell_back"] for event in served.named("call.coached"))


@pytest.mark.slow
def test_what_prefect_mcp_is_asked_and_answers_stays_out_of_the_log(tmp_path: Path) -> None:
    docs = DocsServer()
    docs.snippet = "Workers poll. The answer's own marked words."
    docs.start()
    settings = {
        "COACH_ANALYST": "rules",
        "PREFECT_MCP_ENABLED": "true",
        "PREFECT_DOCS_MCP_URL": docs.url,
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "PREFECT_API_AUTH_STRING": "",
    }
    with ExitStack() as stack:
        stack.callback(docs.stop)
        served = stack.enter_context(served_in(tmp_path, **settings))
        pid = _child(served.http)
        visit(served.http)
        docs.behaviour = "garbage"
        served.http.post("/analyze", content=MORE.encode(), headers={"content-type": "text/plain"})
        os.kill(pid, signal.SIGKILL)  # its last words go into the log
        assert _child(served.http, other_than=pid)
    assert len(docs.queries) > 5
    assert leaked(served.log, *set(docs.queries)) == []
    assert len(served.named("prefect_mcp.up")) == 2
    assert served.named("prefect_mcp.down")


def _child(http: httpx.Client, other_than: int | None = None) -> int:
    """The pid of prefect-mcp's process, once it is up."""
    until = time.monotonic() + STARTED_S
    while time.monotonic() < until:
        pid = http.get("/ready").json()["prefect_mcp"]["pid"]
        if pid and pid != other_than:
            return int(pid)
        time.sleep(0.05)
    raise TimeoutError("prefect-mcp did not come up")


def test_a_database_password_stays_out_of_the_log_and_of_the_error(tmp_path: Path) -> None:
    env = _env(tmp_path) | {"DATABASE_URL": "postgresql://coach:marked-password@127.0.0.1:9/calls"}
    run = [sys.executable, "-m", "backend", "serve", "--port", "0"]
    done = subprocess.run(env=env, cwd=tmp_path, args=run, capture_output=True, text=True, timeout=STARTED_S)
    assert done.returncode != 0
    assert "marked" not in done.stdout + done.stderr


TROUBLE = """
    import asyncio, logging, warnings
    import structlog
    from pydantic import TypeAdapter, ValidationError
    from backend.errors import StoreUnavailable
    from backend.logs import set_up_logs

    set_up_logs("info")
    from mcp.server import MCPServer
    MCPServer("traps by basicConfig")
    log = structlog.get_logger()

    def flaw():
        TypeAdapter(int).validate_python("zebulon")

    async def forgotten():
        flaw()

    async def forget():
        task = asyncio.create_task(forgotten())
        await asyncio.sleep(0)
        del task
        await asyncio.sleep(0)

    try:
        try:
            flaw()
        except ValidationError as error:
            raise StoreUnavailable("The store is away; try again.") from error
    except StoreUnavailable:
        log.exception("flaw.ours", note="two\\nlines")
        logging.getLogger("a.library").exception("It broke\\nzebulon")
    asyncio.run(forget())
    try:
        raise ExceptionGroup("zebulon", [KeyError("zebulon"), OSError("zebulon")])
    except ExceptionGroup:
        log.exception("flaw.group")
    warnings.warn("values follow:\\n zebulon")
    logging.getLogger("aiosqlite").debug("INSERT zebulon")
    logging.getLogger("mcp.client").info("query zebulon")
    logging.getLogger("a.library").warning("bad %d arguments", "zebulon")
    log.debug("not.shown")
"""


def _run(script: str, folder: Path, stderr: int) -> subprocess.Popen[bytes]:
    code = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.Popen(code, env=_env(folder), cwd=folder, stderr=stderr)


def test_whatever_goes_wrong_is_one_line_with_its_place_and_without_its_words(tmp_path: Path) -> None:
    process = _run(TROUBLE, tmp_path, subprocess.PIPE)
    _, raw = process.communicate(timeout=STARTED_S)
    assert b"zebulon" not in raw
    events = {str(event["event"]): event for event in map(json.loads, raw.decode().splitlines())}
    assert set(events) > {"flaw.ours", "It broke", "Task exception was never retrieved", "flaw.group"}
    ours = events["flaw.ours"]
    assert ours["error"] == "StoreUnavailable: The store is away; try again. from ValidationError"
    assert re.fullmatch(r"<string>:\d+ <module>", ours["at"][-1])
    assert ours["note"] == "two\nlines"
    assert events["It broke"]["logger"] == "a.library"
    assert events["flaw.group"]["error"] == "ExceptionGroup(KeyError, OSError)"
    assert any("values follow:" in name for name in events)
    assert all({"event", "level", "timestamp"} <= set(event) for event in events.values())


def test_a_person_at_a_terminal_reads_text_and_no_event_can_forge_a_line(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    script = """
        import structlog
        from backend.logs import set_up_logs
        set_up_logs("info")
        structlog.get_logger().info("call.coached", route="/x\\n[error] forged \\x1b[2J")
    """
    process = _run(script, tmp_path, theirs)
    assert process.wait(STARTED_S) == 0
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "call.coached" in said
    assert not said.startswith("{")
    assert said.count("\n") == 1
    assert "\x1b[2J" not in said
