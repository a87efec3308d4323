"""The pack's facts by meaning: how close each comes to what was said. Wants the extra `semantic`."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
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
    def kept(cls, data_dir: Path, facts: Sequence[Fact], encoder: SentenceEncoder) -> Self | None:
        """The vectors an earlier `build` left; None where a wording has none yet."""
        known, keys = _read(_file(data_dir, encoder)), _keys(facts)
        whole = all(known.keys() >= set(of_fact) for of_fact in keys)
        return cls._of(keys, known, encoder) if whole else None

    @classmethod
    def build(
        cls,
        data_dir: Path,
        facts: Sequence[Fact],
        encoder: SentenceEncoder,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Self:
        """As `kept`, after encoding the wordings that are new: some minutes for all, 7 ms of a core each.

        `progress` is told how many of how many are done; a build that was interrupted goes on where it
        stopped. Raises UnusableKnowledge where the file cannot be written.
        """
        file = _file(data_dir, encoder)
        texts = {_digest(text): text for fact in facts for text in wordings(fact)}
        known = {key: vector for key, vector in _read(file).items() if key in texts}
        new = [key for key in texts if key not in known]
        try:
            for start in range(0, len(new), ENCODED_AT_ONCE):
                batch = new[start : start + ENCODED_AT_ONCE]
                known |= zip(batch, encoder.encode([texts[key] for key in batch]), strict=True)
                progress(start + len(batch), len(new))
        finally:
            if new and known:
                _write(file, known)
        return cls._of(_keys(facts), known, encoder)

    @classmethod
    def _of(
        cls, keys: Sequence[Sequence[str]], known: Mapping[str, Vectors], encoder: SentenceEncoder
    ) -> Self:
        starts = np.cumsum([0, *map(len, keys[:-1])], dtype=np.intp)
        return cls(encoder, np.stack([known[key] for of_fact in keys for key in of_fact]), starts)

    @property
    def model(self) -> str:
        return self._encoder.name

    def closeness(self, words: str) -> Vectors:
        """For each fact, in the order given, the cosine (-1 to 1) of its closest wording."""
        of_wordings = self._vectors @ self._encoder.encode([words])[0]
        closest: Vectors = np.maximum.reduceat(of_wordings, self._starts)
        return closest


def wordings(fact: Fact) -> list[str]:
    """What a fact may sound like; never empty."""
    return [fact.statement, *fact.asks, *(wrong.claim for wrong in fact.wrong)]


def _file(data_dir: Path, encoder: SentenceEncoder) -> Path:
    return data_dir / f"vectors-{encoder.name}.npz"


def _keys(facts: Sequence[Fact]) -> list[list[str]]:
    """For each fact the keys of its wordings."""
    return [[_digest(text) for text in wordings(fact)] for fact in facts]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _read(file: Path) -> dict[str, Vectors]:
    """Empty where there is no file or it is broken: it holds nothing that cannot be made again."""
    try:
        with np.load(file, allow_pickle=False) as held:
            return dict(zip(held["keys"].tolist(), held["vectors"].astype(np.float32), strict=True))
    except (OSError, ValueError, KeyError, EOFError):
        return {}


def _write(file: Path, vectors: Mapping[str, Vectors]) -> None:
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
