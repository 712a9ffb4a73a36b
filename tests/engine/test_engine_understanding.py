"""The classifier without a server, its vectors, and the training that makes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engine_bench import HERE, in_the_engine

pytestmark = pytest.mark.engine

EMBED = """
import json, sys
from engine.minilm import encoder, weights_folder
texts = json.load(sys.stdin)
minilm = encoder(weights_folder())
together = minilm.embed(texts)
alone = [minilm.embed([text])[0] for text in texts]
none = len(minilm.embed([]))
told = {"together": together.tolist(), "alone": [row.tolist() for row in alone], "none": none}
json.dump(told, sys.stdout)
"""


def test_vectors_are_those_of_an_independent_implementation(tmp_path: Path) -> None:
    reference = json.loads((HERE / "reference_vectors.json").read_text())["vectors"]
    (tmp_path / "embed_for_test.py").write_text(EMBED)
    ran = in_the_engine(["embed_for_test"], tmp_path, json.dumps([each["text"] for each in reference]))
    assert ran.returncode == 0, ran.stderr
    made = json.loads(ran.stdout)
    assert made["none"] == 0
    for way in ("together", "alone"):
        for each, vector in zip(reference, made[way], strict=True):
            assert vector == pytest.approx(each["vector"], abs=2e-5), each["text"][:40]
            assert sum(number**2 for number in vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("spoiled", ["model.safetensors", "tokenizer.json"])
def test_unknown_weights_are_refused_by_name(
    tmp_path: Path, spoiled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    if spoiled == "tokenizer.json":
        known = next(
            (HERE.parents[1] / "engine" / ".venv").glob("lib/*/site-packages/gt_all*/model/model.safetensors")
        )
        (weights / "model.safetensors").symlink_to(known)
    (weights / spoiled).write_bytes(b"something else")
    monkeypatch.setenv("SAFECUE_WEIGHTS_DIR", str(weights))
    (tmp_path / "embed_for_test.py").write_text(EMBED)
    ran = in_the_engine(["embed_for_test"], tmp_path, "[]")
    assert ran.returncode != 0
    assert f"{spoiled} is not the file we know" in ran.stderr


def test_sentences_are_read_without_a_server(project: Path) -> None:
    lines = [
        {"text": "what is pacing"},
        {"text": "/restart"},
        {"text": ""},
        {"text": "chest pain", "metadata": {"verdict": {"level": "stop"}}},
        {"text": "qwertz", "metadata": {"act_at": 0.999}},
    ]
    ran = in_the_engine(
        ["engine.understand", "--model", "models/safecue.tar.gz"], project, "\n".join(map(json.dumps, lines))
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert told[0]["intent"] == "pacing"
    assert [each["intent"] for each in told[3:]] == ["safety_stop", "nlu_fallback"]
    assert told[1]["intent"] not in {"restart", "/restart"}
    assert {entry["name"] for entry in told[0]["ranking"]} == {"pacing", "greet", "belief_damage"}
    confidences = [entry["confidence"] for entry in told[0]["ranking"]]
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize(
    ("given", "code"), [("not json\n", 2), ('{"texts": "a"}\n', 2), ('{"text": "a"}\n', 1)]
)
def test_what_cannot_be_read_is_said_before_anything_heavy_is_loaded(
    tmp_path: Path, given: str, code: int
) -> None:
    ran = in_the_engine(["engine.understand"], tmp_path, given)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert len(ran.stderr.splitlines()) == 1


def test_an_unchanged_project_is_not_trained_again(project: Path) -> None:
    model = project / "models" / "safecue.tar.gz"
    before = model.stat().st_mtime_ns
    ran = in_the_engine(["engine.train"], project)
    assert (ran.returncode, ran.stdout, model.stat().st_mtime_ns) == (0, "", before)


def test_every_input_of_the_model_counts(tmp_path: Path) -> None:
    from small_project import lay_out

    from engine.train import fingerprint

    folder = lay_out(tmp_path)
    seen = {
        fingerprint(folder, folder / "config.yml", "3.6.21"),
        fingerprint(folder, folder / "config-counts.yml", "3.6.21"),
    }
    for name in ("config.yml", "domain.yml", "data/nlu.yml", "data/rules.yml"):
        (folder / name).write_text((folder / name).read_text() + "\n# changed\n")
        seen.add(fingerprint(folder, folder / "config.yml", "3.6.21"))
    seen.add(fingerprint(folder, folder / "config.yml", "3.6.22"))
    assert len(seen) == 7


def test_a_missing_domain_is_told_in_one_line(tmp_path: Path) -> None:
    ran = in_the_engine(["engine.train"], tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == ["The model can't be trained: config.yml is missing."]
