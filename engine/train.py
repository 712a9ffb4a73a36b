"""Trains the dialogue model when something it is made from has changed: `python -m engine.train`."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

PIPELINES = {"embeddings": "config.yml", "counts": "config-counts.yml"}
PIPELINE_SETTING = "SAFECUE_PIPELINE"
MODEL = "safecue"
SHOWN = 2000
COMPONENTS = (
    "classifier.py",
    "facts_component.py",
    "featuriser.py",
    "importer.py",
    "intent_rules.py",
    "minilm.py",
)


def inputs_of(project: Path, config: Path) -> Iterator[Path]:
    """Every file the model is made from, in a fixed order."""
    yield config
    domain = project / "domain"
    yield from sorted(domain.rglob("*.yml")) if domain.is_dir() else [project / "domain.yml"]
    yield from sorted((project / "data").rglob("*.yml"))
    yield from (Path(__file__).with_name(name) for name in COMPONENTS)


def fingerprint(project: Path, config: Path, rasa: str) -> str:
    """A hash over Rasa's version and every file the model is made from. Raises FileNotFoundError."""
    digest = hashlib.sha256(f"rasa {rasa}".encode())
    for path in inputs_of(project, config):
        digest.update(f"\n{path.name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def train(project: Path, config: Path, models: Path) -> str | None:
    """Train into `models`; None when it worked, else what went wrong."""
    from engine import quiet

    heard = io.StringIO()
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        import rasa.model_training
        from rasa.shared.exceptions import RasaException

        quiet.silence()
        domain = project / "domain" if (project / "domain").is_dir() else project / "domain.yml"
        try:
            result = rasa.model_training.train(
                str(domain),
                str(config),
                [str(project / "data")],
                output=str(models),
                fixed_model_name=MODEL,
                core_additional_arguments={"augmentation_factor": 0},
            )
        except (RasaException, SystemExit) as fault:
            return f"{fault}\n{_end_of(heard)}"
    return None if result.code == 0 and result.model else _end_of(heard)


def _end_of(heard: io.StringIO) -> str:
    return "\n".join(line for line in heard.getvalue().splitlines() if line.strip())[-SHOWN:]


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="engine.train", description=__doc__)
    parser.add_argument("--project", type=Path, default=Path("."), help="where domain and data lie")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where the model is kept")
    parser.add_argument(
        "--pipeline",
        choices=sorted(PIPELINES),
        default=os.environ.get(PIPELINE_SETTING) or "embeddings",
        help=f"counts needs no weights (also {PIPELINE_SETTING})",
    )
    parser.add_argument("--force", action="store_true", help="train although nothing has changed")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """0 when the model is current, 1 when it could not be trained."""
    chosen = options(sys.argv[1:] if arguments is None else arguments)
    config = chosen.project / PIPELINES[chosen.pipeline]
    model, seal = chosen.models / f"{MODEL}.tar.gz", chosen.models / f"{MODEL}.sha256"
    try:
        wanted = fingerprint(chosen.project, config, version("rasa"))
    except FileNotFoundError as fault:
        print(f"The model can't be trained: {fault.filename} is missing.", file=sys.stderr)
        return 1
    if not chosen.force and model.is_file() and seal.is_file() and seal.read_text().strip() == wanted:
        return 0
    print("Training the dialogue model ...", flush=True)
    began = time.monotonic()
    seal.unlink(missing_ok=True)
    fault = train(chosen.project, config, chosen.models)
    if fault is not None:
        print(f"The model could not be trained.\n{fault}", file=sys.stderr)
        return 1
    seal.write_text(wanted + "\n")
    print(f"Trained in {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
