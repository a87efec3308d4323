"""What people ruled, as labelled data: written for their eyes alone, and read by `call-coach eval`."""

from __future__ import annotations

import json
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.analysis.engine import Options
from backend.errors import UnreadableLabels
from backend.evals.judged import judged_call, write_call
from backend.evals.labels import read_calls
from backend.evals.marking import Counted, Marker
from backend.evals.measures import Result
from backend.evals.spans import Line
from backend.formats import CallHints, Limits, parse
from backend.house import open_house
from backend.judgement import Said, dispute, rule, rule_handling
from backend.report import CoachingReport, FormerJudgement
from backend.store import Store
from backend.transcript import spoken_key
from tests.command import call_coach, empty_home
from tests.sample_report import sample_report
from tests.service import CALL, HINTS, settings_in

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LENA = Said("Lena Ortiz", "The rep named the plan before.", AT)
LIMITS = Limits(max_turns=1000, max_words=100_000)


def judged(report: CoachingReport | None = None) -> CoachingReport:
    """The sample: one accusation overruled, one upheld, a claim left undecided, and objections ruled on."""
    report = report or sample_report()
    report = rule(report, "c2", "supported", LENA, [])
    report = rule(report, "c3", "outdated", LENA, [])
    report = rule(report, "c6", "unclear", LENA, [])
    report = dispute(report, "claims", "c1", LENA)
    report = rule_handling(report, "o1", "partly", LENA, [])
    return rule_handling(report, "o4", None, LENA, [])


# -- what is in the files


def test_only_what_people_ruled_is_a_label_and_the_rest_says_whose_it_is(tmp_path: Path) -> None:
    call = judged_call([judged()])
    write_call(tmp_path, call)
    labels = json.loads((tmp_path / call.labels.id / "labels.json").read_text())
    assert labels["complete"] is False
    assert [(one["quote"], one["verdict"], one["found"], one["by"]) for one in labels["claims"]] == [
        ("every plan has single sign-on", "supported", "contradicted", "person"),
        ("You would start an agent in your cluster", "outdated", "outdated", "person"),
    ]
    assert call.undecided == 1
    [objection] = labels["objections"]
    assert (objection["handled"], objection["found"]) == ("partly", "poorly")
    [none] = labels["not_objections"]
    assert none["quote"] == "Our old vendor was down for a day"
    assert {one["by"] for one in labels["unjudged_claims"] + labels["unjudged_objections"]} == {"analyst"}
    assert "a flow is plain Python" in {one["quote"] for one in labels["unjudged_claims"]}
    assert LENA.by not in json.dumps(labels)


def test_pages_are_gold_only_where_the_finding_was_upheld() -> None:
    overruled, upheld = judged_call([judged()]).labels.claims
    assert (overruled.gold_urls, overruled.gold_quote) == ([], None)
    assert upheld.gold_urls == ["https://docs.prefect.io/v3/agents"]
    assert upheld.gold_quote


def test_the_files_are_for_their_owner_alone_also_where_they_stood_open(tmp_path: Path) -> None:
    call = judged_call([judged()])
    folder = tmp_path / "labels"
    write_call(folder, call)
    for file in (folder / call.labels.id).iterdir():
        file.chmod(0o644)
    write_call(folder, call)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted((folder / call.labels.id).iterdir())
    assert [file.name for file in files] == ["labels.json", "transcript.json"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_transcript_is_read_again_word_for_word_with_its_sides_and_times(tmp_path: Path) -> None:
    cues = "WEBVTT\n\n" + "".join(
        f"00:00:{2 * nth:02}.000 --> 00:00:{2 * nth + 1:02}.000\n{words}\n\n"
        for nth, words in enumerate(
            ["Mara: So a worker", "Mara: polls. Good.", "Devon: Hm, 3 > 2?", "Mara: Yes."]
        )
    )
    hints = CallHints.model_validate({"participants": HINTS["participants"]})
    hints.participants[0].name, hints.participants[1].name = "Mara", "Devon"
    before = parse(cues.encode(), hints=hints, limits=LIMITS)
    report = sample_report().model_copy(
        update={"turns": before.turns, "call": before.call, "claims": [], "objections": []}
    )
    write_call(tmp_path, judged_call([report]))
    [again] = read_calls(tmp_path)
    assert again.transcript.turns == before.turns
    assert spoken_key(again.transcript.turns) == spoken_key(before.turns)
    assert again.labels.rep_role == "ae"


def test_every_label_has_its_place_in_the_call(tmp_path: Path) -> None:
    write_call(tmp_path, judged_call([judged()]))
    [call] = read_calls(tmp_path)
    line = Line(call.transcript)
    for labels in (call.labels.claims, call.labels.objections, call.labels.not_objections):
        assert labels
        assert None not in line.place(labels)


# -- several analyses of one call


def test_of_the_same_words_the_newest_ruling_counts_wherever_it_stands() -> None:
    later = LENA._replace(at=AT + timedelta(days=1))
    old = rule(sample_report("old"), "c2", "not_in_docs", later, [])
    newer = rule(sample_report("newer"), "c2", "supported", LENA, [])
    newer = rule(newer, "c3", "outdated", LENA, [])
    labels = judged_call([newer, old]).labels
    assert [one.verdict for one in labels.claims] == ["not_in_docs", "outdated"]


def test_a_ruling_whose_evidence_is_gone_is_no_label_any_more() -> None:
    old = rule(sample_report("old"), "c2", "contradicted", LENA, [])
    was = old.claims[1].ruling
    claims = [
        one.model_copy(update={"verdict": "supported", "former_rulings": [was]}) if one.id == "c2" else one
        for one in sample_report().claims
    ]
    newer = sample_report("newer").model_copy(update={"claims": claims})
    labels = judged_call([newer, old]).labels
    assert labels.claims == []
    assert "every plan has single sign-on" in {one.quote for one in labels.unjudged_claims}


def test_rulings_from_before_the_docs_moved_are_not_lost() -> None:
    before = judged()
    former = FormerJudgement(
        judged_at=AT,
        replaced_at=AT,
        because=[],
        analyst=before.analyst,
        claims=before.claims,
        passages=before.passages,
    )
    anew = sample_report().model_copy(update={"claims": [], "history": [former]})
    assert len(judged_call([anew]).labels.claims) == 2


# -- what an eval makes of them


def test_an_eval_counts_only_what_people_judged(tmp_path: Path) -> None:
    report = judged()
    write_call(tmp_path, judged_call([report]))
    [call] = read_calls(tmp_path)
    # The analyst finds the same again: what it had found before anybody ruled.
    counts = Marker(call, sample_report(), {}).marks().counts
    assert counts["claims.recall"] == Counted(2, 2)
    assert counts["claims.precision"] == Counted(0, 0)  # nobody looked for claims that are none
    assert counts["accusations.precision"] == Counted(1, 2)  # one was overruled
    assert counts["accusations.recall"] == Counted(1, 1)
    assert counts["objections.precision"] == Counted(1, 2)  # one is none
    assert counts["objections.handled"] == Counted(0, 1)
    assert counts["competitors.precision"] == counts["questions.recall"] == Counted(0, 0)
    findings = Marker(call, sample_report(), {}).marks().findings
    assert {one.kind for one in findings} == {"wrong accusation", "objection misjudged", "no objection"}


def test_with_complete_labels_an_unlabelled_find_is_still_a_false_one(tmp_path: Path) -> None:
    write_call(tmp_path, judged_call([judged()]))
    [file] = tmp_path.glob("*/labels.json")
    file.write_text(file.read_text().replace('"complete": false', '"complete": true'))
    [call] = read_calls(tmp_path)
    counts = Marker(call, sample_report(), {}).marks().counts
    assert counts["claims.precision"] == Counted(2, 9)
    assert counts["objections.precision"] == Counted(1, 4)


# -- as a user does it


@pytest.fixture
def home(indexed: Path, tmp_path: Path) -> dict[str, str]:
    shutil.copytree(indexed, tmp_path / "data")
    return empty_home(tmp_path) | {"COACH_DATA_DIR": str(tmp_path / "data")}


async def ruled_in(folder: Path) -> str:
    """A real report with its first accusation overruled and its second upheld; the id of the first."""
    async with open_house(settings_in(folder)) as house:
        transcript = parse(CALL, hints=CallHints.model_validate(HINTS), limits=LIMITS)
        report = (await house.analyse(transcript, Options())).report
        first, second, *_ = report.wrong_claims()
        rubrics = house.coach.rubrics
        await house.store.revise(report.id, lambda one: rule(one, first.id, "supported", LENA, rubrics))
        await house.store.revise(report.id, lambda one: rule(one, second.id, second.verdict, LENA, rubrics))
    return first.quote.text


@pytest.mark.slow
async def test_rulings_go_round_from_the_store_to_an_eval(home: dict[str, str], tmp_path: Path) -> None:
    overruled = await ruled_in(tmp_path)
    done = call_coach(home, "labels", "export", "labels")
    assert (done.returncode, done.stdout) == (
        0,
        "labels: 1 calls; ruled on by people: 2 claims, 0 objections.\n",
    )
    assert "customers' words" in done.stderr
    done = call_coach(home, "eval", "labels", "--json", "now.json", "-v")
    assert done.returncode == 0, done.stderr
    assert "wrong accusation" in done.stdout
    assert overruled[:30] in done.stdout
    [analyst] = Result.model_validate_json((tmp_path / "now.json").read_text()).analysts
    [call] = analyst.calls
    assert call.counts["accusations.precision"] == Counted(1, 2)
    assert call.counts["accusations.recall"] == Counted(1, 1)
    assert analyst.figures["claims.precision"] is None


async def test_since_leaves_out_what_was_ruled_before(tmp_path: Path) -> None:
    home = empty_home(tmp_path) | {"COACH_DATA_DIR": str(tmp_path / "data")}
    async with Store.open(None, tmp_path / "data") as store:
        await store.save(judged())
    none = call_coach(home, "labels", "export", "labels", "--since", "2026-11-21")
    assert none.stdout == "Nobody has ruled on anything since 2026-11-21.\n"
    assert not (tmp_path / "labels").exists()
    some = call_coach(home, "labels", "export", "labels", "--since", "2026-11-20")
    assert some.stdout.splitlines() == [
        "labels: 1 calls; ruled on by people: 2 claims, 2 objections.",
        "Left out, for they decide nothing that an eval could count: 1 rulings.",
    ]


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(UnreadableLabels, match=r"taken.*cannot be written"):
        write_call(tmp_path / "taken", judged_call([judged()]))
