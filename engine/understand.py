"""Which intent each sentence is taken for: JSON lines in, JSON lines out: `python -m engine.understand`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

BATCH = 64


class Classifier:
    """The understanding half of a trained model, without a server or a conversation."""

    def __init__(self, model: Path) -> None:
        """Raises rasa.exceptions.ModelNotFound."""
        from rasa.core.agent import Agent

        agent = Agent()
        agent.load_model(model)
        self._graph = agent.processor.graph_runner
        self._target = agent.processor.model_metadata.nlu_target

    def read(self, given: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What each {"text", "metadata"?} is taken for, with the ten likeliest intents."""
        from rasa.core.channels.channel import UserMessage
        from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
        from rasa.shared.core.trackers import DialogueStateTracker

        from engine.turns import no_command

        messages = [UserMessage(no_command(each["text"]), metadata=each.get("metadata")) for each in given]
        tracker = DialogueStateTracker.from_events("understand", [])
        inputs = {PLACEHOLDER_MESSAGE: messages, PLACEHOLDER_TRACKER: tracker}
        parsed = self._graph.run(inputs=inputs, targets=[self._target])[self._target]
        return [_told(message.as_dict(only_output_properties=True)) for message in parsed]


def _told(parsed: dict[str, Any]) -> dict[str, Any]:
    intent = parsed["intent"]
    return {
        "intent": intent["name"],
        "confidence": round(float(intent["confidence"]), 4),
        "ranking": [
            {"name": entry["name"], "confidence": round(float(entry["confidence"]), 4)}
            for entry in parsed["intent_ranking"]
        ],
    }


def requests_in(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The lines as {"text", "metadata"?}. Raises ValueError naming the line that isn't."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except ValueError as fault:
            raise ValueError(f"Line {number} is not JSON.") from fault
        if not isinstance(given, dict) or not isinstance(given.get("text"), str):
            raise ValueError(f'Line {number} has no "text".')
        yield given


def main(arguments: list[str] | None = None) -> int:
    """0 when every line was answered, 1 when there is no model, 2 when a line can't be read."""
    parser = argparse.ArgumentParser(prog="engine.understand", description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/safecue.tar.gz"))
    chosen = parser.parse_args(arguments)
    try:
        given = list(requests_in(sys.stdin))
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 2
    if not chosen.model.is_file():
        print(f"There is no model at {chosen.model}. Train it with: python -m engine.train", file=sys.stderr)
        return 1
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        import rasa  # noqa: F401  (must be loaded before it can be told to be quiet)

        from engine import quiet

        quiet.silence()
        classifier = Classifier(chosen.model)
    for start in range(0, len(given), BATCH):
        for told in classifier.read(given[start : start + BATCH]):
            print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
