"""The knowledge pack: what is read, what is refused, and where the error is said to stand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import pytest

from backend.errors import UnusableKnowledge
from backend.report import ObjectionCategory
from backend.services.pack import Pack, read_pack
from tests.conftest import REPO

KNOWLEDGE = REPO / "knowledge"
WORKERS = Path("pages/v3/concepts/workers.yaml")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(KNOWLEDGE)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(directory: Path) -> str:
    with pytest.raises(UnusableKnowledge) as refused:
        read_pack(directory)
    return str(refused.value)


def test_the_whole_pack_is_valid(pack: Pack) -> None:
    assert len(pack.facts) > 1100
    assert len(pack.objections) > 30
    assert pack.as_of.isoformat() == "2026-08-21"


def test_competitors_have_the_ids_that_reports_use(pack: Pack) -> None:
    assert " ".join(sorted(competitor.id for competitor in pack.competitors)) == (
        "airflow argo astronomer composer dagster databricks_workflows flyte kestra luigi mage mwaa "
        "step_functions temporal windmill"
    )
    assert all(c.facts and c.aliases and c.contrast for c in pack.competitors)


def test_every_objection_is_of_a_kind_the_report_knows(pack: Pack) -> None:
    assert {guide.category for guide in pack.objections} <= set(get_args(ObjectionCategory))


def test_a_page_fact_keeps_its_page_section_scope_and_wrong_versions(pack: Pack) -> None:
    fact = next(f for f in pack.facts if f.id == "concepts-workers-02")
    assert fact.url == "https://docs.prefect.io/v3/concepts/workers"
    assert fact.title == "Workers"
    assert fact.wrong[0].why
    assert fact.may_accuse


def test_a_plan_in_the_pricing_sheet_becomes_the_scope_of_its_fact(pack: Pack) -> None:
    fact = next(f for f in pack.facts if f.id == "pr-010")
    assert fact.scope.plans == ("Hobby",)
    assert fact.scope.edition == "cloud"


def test_facts_that_are_disputed_historical_or_homeless_may_not_accuse(pack: Pack) -> None:
    by_id = {fact.id: fact for fact in pack.facts}
    assert not by_id["pr-060"].may_accuse, "two sources disagree"
    assert not by_id["pr-003"].may_accuse, "historical"
    assert not by_id["ca-107"].may_accuse, "plans disputed"
    assert all(f.conflict for f in pack.facts if f.conflicts_with)
    assert not any(f.may_accuse for f in pack.facts if f.url is None)


def test_a_source_without_a_home_gives_no_link_and_a_vague_date_gives_none(pack: Pack) -> None:
    by_id = {fact.id: fact for fact in pack.facts}
    assert any(fact.url is None for fact in pack.facts)
    assert by_id["pr-004"].as_of is None
    assert not any(f.url and f.url.startswith("index:") for c in pack.competitors for f in c.facts)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("prefix cloud", "Prefect Cloud"),
        ("we use cube control", "we use kubectl"),
        ("two work pulls", "two work pools"),
        ("Dag  Stir", "Dagster"),
        ("on cooper-netties", "on Kubernetes"),
    ],
)
def test_mishearings_are_heard_as_product_terms(pack: Pack, heard: str, meant: str) -> None:
    assert pack.hear(heard) == meant


def test_everyday_words_stay_what_they_are(pack: Pack) -> None:
    said = "Re the task on my desk: a perfect scheme, we are back, our flow of debt, dad's union flight."
    assert pack.hear(said) == said


def test_the_fingerprint_changes_with_a_word_and_not_with_the_place(pack: Pack, copy: Path) -> None:
    assert read_pack(copy).fingerprint == pack.fingerprint
    edit(copy / WORKERS, "Workers sit", "Workers live")
    assert read_pack(copy).fingerprint != pack.fingerprint


def test_a_misspelt_key_is_refused_with_file_and_line(copy: Path) -> None:
    edit(copy / WORKERS, "  statement: A worker has one type", "  statment: A worker has one type")
    line = _line(copy / WORKERS, "statment")
    assert f"workers.yaml:{line}: facts.1.statment cannot be used: Extra inputs" in refusal(copy)


def test_a_wrong_value_is_refused_with_file_and_line(copy: Path) -> None:
    edit(copy / "pricing.yaml", "confidence: high", "confidence: certain")
    assert f"pricing.yaml:{_line(copy / 'pricing.yaml', 'certain')}: facts.0.confidence" in refusal(copy)


def test_broken_yaml_is_refused_with_file_and_line(copy: Path) -> None:
    edit(copy / WORKERS, "title: Workers", "title: [Workers")
    assert "workers.yaml:3: this is not YAML" in refusal(copy)


def test_bytes_that_are_not_utf8_are_refused_with_file_and_line(copy: Path) -> None:
    (copy / WORKERS).write_bytes(b"page: x\ntitle: caf\xe9\n")
    assert "workers.yaml:2: this is not UTF-8" in refusal(copy)


def test_an_id_may_stand_only_once(copy: Path) -> None:
    line = _line(copy / WORKERS, "id: concepts-workers-02")
    edit(copy / WORKERS, "id: concepts-workers-02", "id: concepts-workers-01")
    assert f"workers.yaml:{line}: the id concepts-workers-01 is already taken" in refusal(copy)


def test_an_objection_may_not_point_to_a_fact_that_is_not_there(copy: Path) -> None:
    edit(copy / "objections.yaml", "  - co-af-02\n", "  - co-af-99\n")
    assert (
        f"objections.yaml:{_line(copy / 'objections.yaml', 'co-af-99')}: there is no fact co-af-99"
        in refusal(copy)
    )


def test_a_directory_without_a_pack_is_refused(tmp_path: Path) -> None:
    assert "There is no knowledge pack" in refusal(tmp_path)


def test_a_missing_sheet_is_named(copy: Path) -> None:
    (copy / "pricing.yaml").unlink()
    assert "pricing.yaml cannot be read: No such file" in refusal(copy)


def _line(file: Path, words: str) -> int:
    return file.read_text(encoding="utf-8").split(words)[0].count("\n") + 1
