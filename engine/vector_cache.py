"""Vectors of training phrases, kept between trainings: only new phrases are embedded again."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from engine.minilm import FILES, WIDTH, MiniLM

CACHE = Path(".rasa") / "cache" / f"vectors-{FILES['model.safetensors'][:12]}.npz"


def embed_cached(encoder: MiniLM, texts: Sequence[str], cache: Path = CACHE) -> np.ndarray:
    """As `encoder.embed`. Afterwards `cache` holds exactly these texts' vectors, by hash."""
    keys = [sha256(text.encode()).hexdigest() for text in texts]
    known = _load(cache)
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    known.update(zip(missing, encoder.embed(list(missing.values())), strict=True))
    if missing:
        _save(cache, {key: known[key] for key in dict.fromkeys(keys)})
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, WIDTH), dtype=np.float32)


def _load(cache: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(cache, allow_pickle=False) as kept:
            return dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}


def _save(cache: Path, vectors: dict[str, np.ndarray]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    draft = cache.with_suffix(f".{os.getpid()}.npz")
    np.savez(draft, keys=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
    draft.replace(cache)
