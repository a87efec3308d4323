"""The results of searching on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from backend.evals.intervals import Interval
from backend.evals.queries import QueriesResult
from backend.evals.tables import table


def show_queries(console: Console, result: QueriesResult) -> None:
    """The ablation, the product's moments and what it costs."""
    queries = result.rankers[0].hit_at_5.n
    pages = table(
        f"{queries} queries, {result.facts} facts, {result.synced_pages} pages synced; 95 % intervals",
        *("pages ranked by", "hit@1", "hit@3", "hit@5", "hit@20", "nDCG@5", "MRR", "CPU ms p50", "p99"),
    )
    for one in result.rankers:
        figures = (one.hit_at_1, one.hit_at_3, one.hit_at_5, one.hit_at_20, one.ndcg_at_5, one.mrr)
        pages.add_row(Text(one.name), *map(_cell, figures), f"{one.ms.p50:g}", f"{one.ms.p99:g}")
    console.print(pages)
    moments = table(
        "Moments as an analysis meets them: is a fact of a gold page among them, are the gold words read?",
        *("", "n", "first 3 facts", "12 facts", "gold words", "words read", "CPU ms p50", "p99"),
    )
    for each in result.moments:
        moments.add_row(
            *(Text(each.name), str(each.facts.n), _cell(each.first_facts), _cell(each.facts)),
            *(_cell(each.settled), f"{each.words:,.0f}", f"{each.ms.p50:g}", f"{each.ms.p99:g}"),
        )
    console.print(moments)
    cost = result.cost
    console.print(
        Text(
            f"In a process of its own: opened in {cost.open_s:g} s, the first search after "
            f"{cost.first_search_s:g} s more, {cost.memory_mb:g} MB."
        )
    )


def _cell(one: Interval | None) -> str:
    return f"{one.value:.3f} {one.low:.2f}…{one.high:.2f}" if one else "-"
