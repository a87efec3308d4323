"""Facts by meaning. The tests of the real model run where the extra and the weights are installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

np = pytest.importorskip("numpy", reason="the extra `semantic` is not installed")
pytest.importorskip("tokenizers", reason="the extra `semantic` is not installed")

from backend.errors import UnusableKnowledge  # noqa: E402
from backend.facts import Fact, WrongVersion  # noqa: E402
from backend.services.fact_vectors import FactVectors  # noqa: E402
from backend.services.meaning import build_meaning, kept_meaning  # noqa: E402
from backend.services.sentence_encoder import SentenceEncoder, installed_model  # noqa: E402

needs_model = pytest.mark.skipif(installed_model() is None, reason="the sentence model is not installed")

FACTS = [
    Fact(
        id="a-1",
        statement="A single task can be retried.",
        title="Retries",
        url="https://docs.prefect.io/v3/retries",
        asks=("one step fell over, do we redo everything",),
    ),
    Fact(
        id="a-2",
        statement="Single sign-on comes with Prefect Cloud.",
        title="SSO",
        url="https://docs.prefect.io/v3/sso",
        wrong=(WrongVersion(claim="You can log in with Okta on the open-source server."),),
    ),
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder.open()


@needs_model
def test_what_means_the_same_is_closer_than_what_shares_words(encoder: SentenceEncoder) -> None:
    said, same, other = encoder.encode(["How old are you?", "What is your age?", "How old is the moon?"])
    assert said @ same > said @ other


@needs_model
def test_a_text_has_the_same_vector_alone_and_beside_longer_ones(encoder: SentenceEncoder) -> None:
    texts = ["short", "a text that is a good deal longer than the one before it", "middling words here", ""]
    together = encoder.encode(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(encoder.encode([text])[0], vector, atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


@needs_model
def test_vectors_are_those_of_the_model_s_own_library(encoder: SentenceEncoder) -> None:
    # Printed by sentence-transformers' reference example, to four places.
    vector = encoder.encode(["This is an example sentence"])[0]
    assert np.allclose(vector[:4], [0.0677, 0.0635, 0.0487, 0.0794], atol=6e-4)


@needs_model
def test_a_fact_is_as_close_as_its_closest_wording(encoder: SentenceEncoder, tmp_path: Path) -> None:
    facts = FactVectors.build(tmp_path, FACTS, encoder)
    assert facts.closeness("one step fell over, do we redo everything")[0] == pytest.approx(1, abs=2e-3)
    okta = facts.closeness("people sign in through Okta")
    assert okta[1] > okta[0]


@needs_model
def test_only_new_wordings_are_encoded_and_a_broken_file_is_made_again(
    encoder: SentenceEncoder, tmp_path: Path
) -> None:
    before = FactVectors.build(tmp_path, FACTS[:1], encoder).closeness("retry")
    (file,) = tmp_path.glob("vectors-*.npz")
    stamp = file.stat().st_mtime_ns
    assert FactVectors.build(tmp_path, FACTS[:1], encoder).closeness("retry") == pytest.approx(
        before, abs=2e-3
    )
    assert file.stat().st_mtime_ns == stamp
    FactVectors.build(tmp_path, FACTS, encoder)
    assert file.stat().st_mtime_ns != stamp
    file.write_bytes(b"PK not a zip")
    assert FactVectors.build(tmp_path, FACTS[:1], encoder).closeness("retry") == pytest.approx(
        before, abs=2e-3
    )
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


@needs_model
def test_a_build_that_was_interrupted_goes_on_and_serves_once_it_is_whole(
    encoder: SentenceEncoder, tmp_path: Path
) -> None:
    many = [FACTS[0].model_copy(update={"asks": tuple(f"wording {n}" for n in range(300))}), FACTS[1]]
    done: list[tuple[int, int]] = []

    def interrupt(encoded: int, total: int) -> None:
        done.append((encoded, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FactVectors.build(tmp_path, many, encoder, interrupt)
    assert FactVectors.kept(tmp_path, many, encoder) is None
    FactVectors.build(tmp_path, many, encoder, lambda *told: done.append(told))
    (first, total), (rest, still) = done
    assert first + still == total == first + rest
    assert FactVectors.kept(tmp_path, many, encoder)


@needs_model
def test_the_house_finds_by_meaning_what_a_sync_has_built(encoder: SentenceEncoder, tmp_path: Path) -> None:
    assert kept_meaning(tmp_path, FACTS, None) is None
    assert build_meaning(tmp_path, FACTS, None, lambda done, total: None)
    found = kept_meaning(tmp_path, FACTS, None)
    assert found
    assert found.model == encoder.name
    assert kept_meaning(tmp_path, [*FACTS, Fact(id="n", statement="New.", title="x", url=None)], None) is None


@pytest.mark.parametrize(
    "weights",
    [b"", b"\xff" * 64, (9).to_bytes(8, "little") + b"not json!", (2).to_bytes(8, "little") + b"[]"],
)
def test_a_directory_that_holds_no_model_is_refused_in_one_sentence(tmp_path: Path, weights: bytes) -> None:
    shape = {"hidden_size": 4, "num_attention_heads": 2, "num_hidden_layers": 0, "layer_norm_eps": 1e-12}
    (tmp_path / "config.json").write_text(json.dumps(shape))
    (tmp_path / "model.safetensors").write_bytes(weights)
    with pytest.raises(UnusableKnowledge, match="holds no sentence model"):
        SentenceEncoder.open(tmp_path)
