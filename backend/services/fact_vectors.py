"""The pack's facts by meaning: how close each comes to what was said. Wants the extra `semantic`."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from backend.errors import UnusableKnowledge
from backend.facts import Fact
from backend.services.sentence_encoder import SentenceEncoder, Vectors

ENCODED_AT_ONCE = 256


class FactVectors:
    """Every fact's statement, asks and wrong versions as vectors. Any number of threads may ask at once."""

    def __init__(self, encoder: SentenceEncoder, vectors: Vectors, starts: NDArray[np.intp]) -> None:
        self._encoder, self._vectors, self._starts = encoder, vectors, starts

    @classmethod
    def open(cls, data_dir: Path, facts: Sequence[Fact], encoder: SentenceEncoder) -> Self:
        """The facts' vectors, from the file an earlier run left; new wordings are encoded and kept with them.

        Some 10,000 wordings take about half a minute the first time. Raises UnusableKnowledge where the
        file cannot be written.
        """
        by_fact = [wordings(fact) for fact in facts]
        texts = [text for of_fact in by_fact for text in of_fact]
        starts = np.cumsum([0, *(len(of_fact) for of_fact in by_fact[:-1])], dtype=np.intp)
        file = data_dir / f"vectors-{encoder.name}.npz"
        return cls(encoder, _vectors_of(texts, file, encoder), starts)

    def closeness(self, words: str) -> Vectors:
        """For each fact, in the order given, the cosine (-1 to 1) of its closest wording."""
        of_wordings = self._vectors @ self._encoder.encode([words])[0]
        closest: Vectors = np.maximum.reduceat(of_wordings, self._starts)
        return closest


def wordings(fact: Fact) -> list[str]:
    """What a fact may sound like; never empty."""
    return [fact.statement, *fact.asks, *(wrong.claim for wrong in fact.wrong)]


def _vectors_of(texts: Sequence[str], file: Path, encoder: SentenceEncoder) -> Vectors:
    keys = [_digest(text) for text in texts]
    known = _read(file)
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    pending = list(new.items())
    for start in range(0, len(pending), ENCODED_AT_ONCE):
        batch = pending[start : start + ENCODED_AT_ONCE]
        encoded = encoder.encode([text for _, text in batch])
        known |= zip((key for key, _ in batch), encoded, strict=True)
    if new:
        _write(file, {key: known[key] for key in keys})
    return np.stack([known[key] for key in keys]) if keys else np.empty((0, encoder.width), np.float32)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _read(file: Path) -> dict[str, Vectors]:
    """Empty where there is no file or it is broken: it holds nothing that cannot be made again."""
    try:
        with np.load(file, allow_pickle=False) as held:
            return dict(zip(held["keys"].tolist(), held["vectors"].astype(np.float32), strict=True))
    except (OSError, ValueError, KeyError, EOFError):
        return {}


def _write(file: Path, vectors: dict[str, Vectors]) -> None:
    """In one step; half precision moves a cosine by less than a thousandth and halves the file."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".vectors-", delete=False) as part:
            np.savez(
                part,
                keys=np.array(list(vectors)),
                vectors=np.stack(list(vectors.values())).astype(np.float16),
            )
        Path(part.name).replace(file)
    except OSError as error:
        raise UnusableKnowledge(
            f"{file} cannot be written ({error}); make room or set COACH_DATA_DIR."
        ) from None
