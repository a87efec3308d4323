"""Which room may import which: the table of doors, and what may be built at import (nothing)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPO

BACKEND = REPO / "backend"

GROUND = {"transcript", "facts", "errors", "settings"}
DOORS: dict[str, set[str]] = {
    "transcript": set(),
    "facts": set(),
    "errors": set(),
    "settings": {"errors"},
    "logs": {"errors"},
    "tracing": {"settings", "errors"},
    "rubric": {"transcript"},
    "spending": set(),
    "report": {"transcript", "facts", "rubric", "spending"},
    "quotes": {"transcript", "facts", "report", "errors"},
    "sarif": set(),
    "material": {"errors"},
    "formats": {"transcript", "errors"},
    "analysis": {*GROUND, "rubric", "report", "spending", "quotes", "tracing"},
    "services": {"facts", "rubric", "report", "errors", "settings", "tracing"},
    "store": {"transcript", "facts", "report", "quotes", "errors", "settings"},
    "pages": {"transcript", "facts", "report", "errors", "formats", "services", "store", "survey"},
    "survey": {"errors", "services", "store", "drift"},
    "judgement": {"transcript", "rubric", "report", "errors", "analysis"},
    "house": {*GROUND, "report", "judgement", "analysis", "services", "store", "survey", "tracing"},
    "jobs": {"transcript", "errors", "analysis", "store", "tracing", "house"},
    "routes": {
        *(*GROUND, "rubric", "report", "formats", "analysis", "judgement", "services", "store", "house"),
        *("jobs", "pages", "drift"),
    },
    "app": {"house", "jobs", "routes", "pages", "settings", "errors"},
    # The top floor: these put things together and run them.
    "workers": {"serving", "settings", "errors"},
    "serving": {*GROUND, "app", "house", "jobs", "services"},
    "terminal": set(),
    "batch": {*GROUND, "report", "formats", "house", "routes", "terminal"},
    "card_lint": {*GROUND, "report", "material", "analysis", "house", "sarif", "terminal"},
    "demo": {*GROUND, "report", "formats", "app", "house", "routes", "services", "serving"},
    "prefect_commands": {*GROUND, "logs", "services", "terminal"},
    "drift": {*GROUND, "report", "judgement", "analysis", "services", "store"},
    "docs_commands": {
        *(
            *GROUND,
            "report",
            "analysis",
            "store",
            "house",
            "drift",
            "logs",
            "services",
            "serving",
            "terminal",
        ),
    },
    "evals": {*GROUND, "report", "spending", "quotes", "formats", "analysis", "services", "house"},
    "eval_commands": {*GROUND, "report", "logs", "services", "evals", "house"},
    "label_commands": {"report", "errors", "settings", "logs", "evals", "store"},
    "knowledge_commands": {*GROUND, "logs", "analysis", "services"},
    "__main__": {"cli"},
    "cli": {
        *(*GROUND, "docs_commands", "eval_commands", "knowledge_commands", "label_commands"),
        *("prefect_commands", "logs", "services", "serving", "workers", "batch", "card_lint", "demo"),
    },
}

# Foreign types stop at the door: who may know these packages at all.
KEEPERS: dict[str, set[str]] = {
    "mcp": {"services"},
    "fastmcp": {"services"},
    "anthropic": {"analysis"},
    "sqlalchemy": {"store"},
    "sqlmodel": {"store"},
    "alembic": {"store"},
    "jinja2": {"pages"},
    "fastapi": {"app", "routes"},
    "cachetools": {"services"},
    "prometheus_client": {"services", "routes"},
    "opentelemetry": {"tracing"},
}


def _room(file: Path) -> str:
    return file.relative_to(BACKEND).parts[0].removesuffix(".py")


def _files() -> list[Path]:
    return [file for file in sorted(BACKEND.rglob("*.py")) if file != BACKEND / "__init__.py"]


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            assert node.module is not None
            yield node.module


def test_every_room_has_its_line_in_the_table() -> None:
    assert {_room(file) for file in _files()} == set(DOORS)


@pytest.mark.parametrize("file", _files(), ids=lambda file: str(file.relative_to(BACKEND)))
def test_a_file_goes_only_through_its_rooms_doors(file: Path) -> None:
    room = _room(file)
    for name in _imports(file):
        package, _, rest = name.partition(".")
        if package == "backend" and rest:
            entered = rest.partition(".")[0]
            assert entered == room or entered in DOORS[room], f"{room} may not import {entered}"
        elif package in KEEPERS:
            assert room in KEEPERS[package], f"{room} may not know {package}"


def test_only_settings_reads_the_environment() -> None:
    readers = {
        str(file.relative_to(BACKEND))
        for file in _files()
        if "os.environ" in file.read_text() or "os.getenv" in file.read_text()
    }
    # The child's environment is made from ours, by an allow-list; Prefect's own variables say where its
    # profiles are.
    assert readers <= {"settings.py", "services/mcp_child.py", "services/mcp_credentials.py"}
