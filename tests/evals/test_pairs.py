"""Claims with their evidence alone: the judge, the floor it has to beat, and figures counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import UnreadableLabels
from backend.evals.fit_pairs import fit, parted
from backend.evals.labels import read_lines
from backend.evals.pair_features import NAMES, features, overlap
from backend.evals.pairs import (
    Pair,
    PairJudge,
    PairLabel,
    Told,
    accuracy,
    balanced_accuracy,
    by_overlap,
    macro_f1,
    run,
)

TOLD = [
    *[Told("supported", "supported")] * 3,
    Told("supported", "neutral"),
    Told("neutral", "neutral"),
    Told("neutral", "supported"),
]


def pair(claim: str, evidence: str, label: PairLabel = "supported") -> Pair:
    return Pair(id="1", claim=claim, evidence=evidence, label=label)


def counted(claim: str, evidence: str) -> dict[str, float]:
    return dict(zip(NAMES, features(claim, evidence), strict=True))


def test_figures_are_what_a_hand_counts() -> None:
    assert balanced_accuracy(TOLD) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert macro_f1(TOLD) == pytest.approx((6 / 8 + 2 / 4) / 2)
    assert accuracy(TOLD) == pytest.approx(4 / 6)


def test_the_judge_tells_a_claim_that_is_there_from_one_with_another_year() -> None:
    judge = PairJudge.load()
    evidence = "The company was founded in Lisbon in 1998 by two sisters."
    two_way: tuple[PairLabel, ...] = ("supported", "contradicted")
    assert judge.judge(pair("The company was founded in Lisbon in 1998.", evidence), two_way) == "supported"
    assert (
        judge.judge(pair("The company was founded in Madrid in 1985.", evidence), two_way) == "contradicted"
    )


def test_the_judge_says_only_labels_that_are_at_stake() -> None:
    judge = PairJudge.load()
    unlike = pair("Owls sleep by day.", "The harbour was dredged in 1920.")
    assert judge.judge(unlike, ["supported", "neutral"]) == "neutral"
    assert judge.judge(unlike, ["supported", "contradicted"]) == "contradicted"
    assert judge.judge(unlike, ["supported"]) == "supported"


def test_numbers_names_denials_and_opposites_are_counted() -> None:
    agrees = counted("It opened in Lisbon in 1990.", "The museum opened in Lisbon in 1990.")
    other = counted("It opened in Lisbon in 1990.", "The museum never opened in Porto, as of 1991.")
    assert (agrees["numbers_missing"], other["numbers_missing"]) == (0.0, 1.0)
    assert (agrees["other_number_there"], other["other_number_there"]) == (0.0, 1.0)
    assert (agrees["negation_differs"], other["negation_differs"]) == (0.0, 1.0)
    assert other["names_missing"] > agrees["names_missing"]
    assert counted("She won the cup.", "She lost the cup.")["opposites"] == 1.0


@given(st.text(max_size=300), st.text(max_size=600))
def test_any_text_can_be_counted(claim: str, evidence: str) -> None:
    found = features(claim, evidence)
    assert len(found) == len(NAMES)
    assert all(0 <= each <= 3 for each in found)


def test_overlap_is_the_share_of_the_claims_own_words() -> None:
    assert overlap("The owl sleeps by day.", "An owl hunts by night.") == pytest.approx(1 / 3)
    assert overlap("", "An owl.") == 0.0


def test_the_floor_is_fitted_without_the_pairs_it_is_tried_on() -> None:
    """Half share all words and half share none: any cut between them is right everywhere."""
    alike = [pair(f"owl {nth} flies", f"owl {nth} flies") for nth in range(40)]
    unlike = [pair(f"owl {nth} flies", "rain", "neutral") for nth in range(40)]
    assert by_overlap([*alike, *unlike]) == ["supported"] * 40 + ["neutral"] * 40


def test_pairs_that_share_words_are_left_out_together() -> None:
    chain = [pair("a", "1"), pair("a", "2"), pair("b", "2"), pair("b", "3")]
    others = [pair(f"x{nth}", f"y{nth}") for nth in range(60)]
    parts = parted([*chain, *others])
    assert len(set(parts[:4])) == 1
    assert len(set(parts)) > 5


def test_a_pair_of_the_training_is_judged_by_weights_made_without_it() -> None:
    some = [pair(f"owl {nth} flies", f"owl {nth} flies") for nth in range(30)]
    others = [pair(f"owl {nth} flies", f"rain {nth + 50}", "neutral") for nth in range(30)]
    model = fit([*some, *others])
    known, new = some[0], pair("Owls fly.", "Owls fly.")
    ones = [1.0] * len(NAMES)
    part = model.seen[known.key]
    assert model.score(known, ones) == pytest.approx(sum(model.left_out[part]))
    assert model.score(new, ones) == pytest.approx(sum(model.weights))
    assert model.left_out[part] != model.weights


def test_two_way_and_three_way_files_are_judged_by_the_labels_in_them(tmp_path: Path) -> None:
    lines = [
        {"id": "1", "claim": "Owls fly.", "evidence": "Owls fly by night.", "label": "SUPPORTS"},
        {"id": "2", "claim": "Owls swim.", "evidence": "Rain fell.", "label": "NOT ENOUGH INFO"},
        {"id": "3", "claim": "Owls never fly.", "evidence": "Owls fly.", "label": "refutes"},
    ]
    file = tmp_path / "pairs.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    result = run(read_lines(file, Pair))
    assert result.pairs == {"supported": 1, "neutral": 1, "contradicted": 1}
    assert result.left_out == 0
    two_way = run(read_lines(file, Pair)[:2])
    assert set(two_way.judge.labels) == {"supported", "neutral"}


def test_a_malformed_line_is_one_sentence_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"id": "1", "claim": "a", "evidence": "b", "label": "supported"}\n{"id": "2"}\n')
    with pytest.raises(UnreadableLabels, match=r"pairs.jsonl, line 2: claim cannot be used"):
        read_lines(file, Pair)


def test_the_judge_beats_word_overlap_on_pairs_it_was_not_trained_on(shared: Path) -> None:
    for name, at_least in (("wice_oracle_dev", 0.70), ("fever_symmetric_dev", 0.70)):
        pairs = read_lines(shared / "verify" / f"{name}.jsonl", Pair)
        judge = PairJudge.load()
        among = {one.label for one in pairs}
        told = [Told(one.label, judge.judge(one, among)) for one in pairs]
        floor = [Told(one.label, said) for one, said in zip(pairs, by_overlap(pairs), strict=True)]
        assert all(judge.was_trained_on(one) for one in pairs)  # so each was left out
        assert balanced_accuracy(told) > at_least
        assert balanced_accuracy(told) > balanced_accuracy(floor) + 0.03
