"""What the benchmark finds: rows, targets, the tables they are printed as, and bench/results.json."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

PACKAGES = (
    "mcp",
    "prefect-mcp",
    "fastmcp",
    "pydantic-ai-slim",
    "fastapi",
    "pydantic",
    "anthropic",
    "cachetools",
)
RESULTS = Path(__file__).with_name("results.json")


class Row(NamedTuple):
    metric: str
    system: str
    value: float
    unit: str


class Target(NamedTuple):
    """What is asked for, what was measured, and whether that will do."""

    asked: str
    measured: str
    met: bool


ASKED = {
    ("search_p50_ms", "call-coach"): ("a moment's search offline, one core, p50 in ms", 15.0),
    ("index_load_s", "call-coach"): ("loading the index, in s", 1.0),
    ("search_process_mb", "call-coach"): ("memory of a process that searches, in MB", 150.0),
    ("sync_site_s", "call-coach"): ("sync of the whole documentation from a site, in s", 60.0),
    ("page_long_call_p95_ms", "call-coach"): ("the page of a call of three hours, p95 in ms", 300.0),
    ("long_call_first_paint_ms", "call-coach"): ("its first paint in Chromium, in ms", 300.0),
    ("long_call_compressed_kb", "call-coach"): ("its size, compressed, in KB", 150.0),
    ("hour_analysis_cpu_p50_ms", "call-coach"): ("CPU of a call of an hour by the rules, in ms", 150.0),
}
"""What a row is to stay under."""
PAGES, PAGES_CALLS, PAGE_MS = "page_of_many_", 50_000, 150.0
"""How the rows of pages that read many calls begin, how many there are, and what each is to stay under."""


def targets(rows: list[Row]) -> list[Target]:
    found = {(row.metric, row.system): row.value for row in rows}
    return [
        Target(f"{asked} ({most:g})", f"{found[which]:.2f}", found[which] < most)
        for which, (asked, most) in ASKED.items()
        if which in found
    ] + _slowest_page(rows)


def _slowest_page(rows: list[Row]) -> list[Target]:
    pages = [row for row in rows if row.metric.startswith(PAGES) and row.metric.endswith("_p95_ms")]
    if not pages:
        return []
    slowest = max(pages, key=lambda row: row.value)
    asked = f"each page with {PAGES_CALLS:,} calls, p95 in ms ({PAGE_MS:g}); slowest: {slowest.metric}"
    return [Target(asked, f"{slowest.value:.1f}", slowest.value < PAGE_MS)]


def show(compared: list[Row], own: list[Row], targets: list[Target]) -> None:
    """Print the compared systems side by side, then the other rows, then the targets."""
    console = Console(width=max(130, Console().width), highlight=False)
    if compared:
        console.print(_side_by_side(compared))
    table = Table("metric", "system", "value", "unit")
    for row in own:
        table.add_row(row.metric, row.system, _figure(row.value), row.unit)
    console.print(table)
    for target in targets:
        met = "[green]ok    [/]" if target.met else "[red]missed[/]"
        console.print(f"{met} {target.asked}: {target.measured}")


def write(rows: list[Row], versions: dict[str, str], *, whole: bool) -> None:
    """Keep the results. Those of some parts take the place of theirs alone."""
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() and not whole else {}
    new = {row.metric for row in rows}
    kept = [row for row in before.get("rows", []) if row["metric"] not in new]
    results = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": before.get("versions", {}) | {name: version(name) for name in PACKAGES} | versions,
        "rows": kept + [row._asdict() for row in rows],
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def _side_by_side(rows: list[Row]) -> Table:
    systems = list(dict.fromkeys(row.system for row in rows))
    values = {(row.metric, row.system): _figure(row.value) for row in rows}
    table = Table("metric", *systems)
    for metric in dict.fromkeys(row.metric for row in rows):
        table.add_row(metric, *(values.get((metric, system), "") for system in systems))
    return table


def _figure(value: float) -> str:
    return f"{value:,.5f}".rstrip("0").rstrip(".") if value < 0.1 else f"{value:,.2f}"
