"""Results of evals on a terminal. Words of calls are escaped: somebody else wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backend.evals.intervals import Interval
from backend.evals.marking import NOT_FOUND, UNLABELLED, Finding
from backend.evals.measures import MEASURES, AnalystResult, Change, Result
from backend.evals.pairs import FIGURES, PairsResult

VERDICTS = (
    *("supported", "contradicted", "overstated", "outdated", "unclear", "docs_conflict"),
    *("not_in_docs", "out_of_scope", "not_checked"),
)


def table(title: str, *columns: str) -> Table:
    made = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for nth, column in enumerate(columns):
        made.add_column(Text(column), justify="right" if nth else "left", no_wrap=True)
    return made


def show_calls(console: Console, result: Result) -> None:
    """All the figures of a run, analyst beside analyst."""
    calls = len(result.analysts[0].calls)
    statuses = ", ".join(sorted({status for one in result.analysts for status in one.knowledge}))
    shown = table(
        f"{calls} calls, knowledge: {statuses}; 95 % intervals, calls resampled",
        "",
        *(_columns(result.analysts)),
    )
    for measure in MEASURES:
        shown.add_row(Text(measure.title), *_cells(one.figures.get(measure.name) for one in result.analysts))
    for title, row in _costs(result.analysts):
        shown.add_row(Text(title), *(cell for each in row for cell in (Text(each), Text(""), Text(""))))
    console.print(shown)
    for one in result.analysts:
        _show_verdicts(console, one)


def show_pairs(console: Console, result: PairsResult) -> None:
    """The judge of pairs beside the floor."""
    total = sum(result.pairs.values())
    counts = ", ".join(f"{count} {label}" for label, count in result.pairs.items())
    shown = table(f"{total} pairs: {counts}", "", "judge", "95 %", "word overlap", "95 %")
    for name in FIGURES:
        row = [result.judge.figures[name], result.overlap.figures[name]]
        shown.add_row(
            name.replace("_", " "), *(cell for one in row for cell in (f"{one.value:.3f}", _between(one)))
        )
    for label in result.pairs:
        for nth, title in enumerate(("precision", "recall")):
            found = [one.labels[label][nth] for one in (result.judge, result.overlap)]
            cells = ["-" if one is None else f"{one:.3f}" for one in found]
            shown.add_row(f"{label}: {title}", cells[0], "", cells[1], "")
    console.print(shown)
    if result.better_by:
        by = result.better_by
        console.print(
            Text(f"Balanced accuracy above overlap's: {by.value:+.3f} ({_between(by, signed=True)}).")
        )
    console.print(
        Text(
            f"{result.left_out} of the pairs were in the judge's training; each is judged by weights made "
            "without it and without what shares its words. Overlap's thresholds are fitted on nine tenths of "
            "these pairs and used on the last."
        )
    )


def show_changes(console: Console, analyst: str, changed: Sequence[Change]) -> None:
    """What moved since an earlier run: first what is beyond noise."""
    if not changed:
        console.print(Text(f"{analyst}: no figure differs from the earlier run."))
        return
    shown = table(f"{analyst}: changed since the earlier run", "", "was", "is", "by", "95 %", "")
    for one in sorted(changed, key=lambda each: not each.by.without_zero):
        shown.add_row(
            Text(one.measure.title),
            f"{one.earlier:.3f}",
            f"{one.later:.3f}",
            f"{one.by.value:+.3f}",
            _between(one.by, signed=True),
            Text("beyond noise", style="bold") if one.by.without_zero else Text("within noise", style="dim"),
        )
    console.print(shown)


def show_findings(console: Console, analyst: str, findings: Sequence[Finding]) -> None:
    """Each miss and each false find, kind by kind."""
    for kind in sorted({one.kind for one in findings}):
        of_kind = [one for one in findings if one.kind == kind]
        console.print(Text(f"\n{analyst}, {kind}: {len(of_kind)}", style="bold"))
        for one in of_kind:
            at = "     -" if one.start_s is None else f"{int(one.start_s // 60):3}:{int(one.start_s % 60):02}"
            line = f"  {one.call} {at}  “{_one_line(one.words)}”"
            console.print(Text(line + (f"  ({_one_line(one.detail)})" if one.detail else "")), soft_wrap=True)


def _columns(analysts: Sequence[AnalystResult]) -> Iterable[str]:
    for one in analysts:
        yield from (one.model or one.analyst, "95 %", "n")


def _cells(figures: Iterable[Interval | None]) -> Iterable[str]:
    for one in figures:
        yield from (f"{one.value:.3f}", _between(one), str(one.n)) if one else ("-", "", "0")


def _between(one: Interval, signed: bool = False) -> str:
    return f"{one.low:+.3f} … {one.high:+.3f}" if signed else f"{one.low:.3f} … {one.high:.3f}"


def _costs(analysts: Sequence[AnalystResult]) -> Iterable[tuple[str, list[str]]]:
    def row(title: str, cells: Iterable[str]) -> tuple[str, list[str]]:
        return title, list(cells)

    calls = [max(1, len(one.calls)) for one in analysts]
    spent = [one.spent for one in analysts]
    each = list(zip(spent, calls, strict=True))
    yield row("input tokens a call", (f"{one.input_tokens // n:,}" for one, n in each))
    yield row("  read from a prompt cache", (f"{one.cache_read_tokens // n:,}" for one, n in each))
    yield row(
        "  at their price, as tokens of the judging model",
        ("unknown" if one.billed_tokens is None else f"{one.billed_tokens // n:,}" for one, n in each),
    )
    yield row(
        "  the transcript sent five times: for four scores and the claims, about",
        (f"{one.baseline_tokens // n:,}" for one, n in each),
    )
    yield row("output tokens a call", (f"{one.output_tokens // n:,}" for one, n in each))
    yield row(
        "dollars a call", ("unknown" if one.dollars is None else f"{one.dollars / n:.4f}" for one, n in each)
    )
    yield row("CPU a call, median", (f"{one.cpu_ms_p50:g} ms" for one in spent))
    yield row("time a call, median", (f"{one.wall_ms_p50:g} ms" for one in spent))
    if any(one.fell_back for one in analysts):
        yield row("calls that rules finished", (str(one.fell_back) for one in analysts))


def _show_verdicts(console: Console, one: AnalystResult) -> None:
    given = {verdict for row in one.verdicts.values() for verdict in row}
    columns = [verdict for verdict in (*VERDICTS, NOT_FOUND) if verdict in given]
    shown = table(f"{one.analyst}: labelled (rows) and given verdicts", "", *columns)
    for label in (*VERDICTS, UNLABELLED):
        if row := one.verdicts.get(label):
            shown.add_row(label, *(str(row.get(verdict, "")) for verdict in columns))
    console.print(shown)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
