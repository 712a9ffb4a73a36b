"""The same talks with Rasa as it comes, whose trackers grow, and with `Turns`, from memory and reloaded."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from engine import quiet  # isort: split

from rasa.core.agent import load_agent
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import SQLTrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.constants import REQUESTED_SLOT
from small_project import INTENTS as ALL_INTENTS

from engine.turns import Replies, Turns

INTENTS = tuple(name for name in ALL_INTENTS if name not in ("safety_stop", "nlu_fallback"))
Move = tuple[str, dict[str, Any]]
Say = Callable[..., Awaitable[list[Any]]]
NUMBERS = count()


def moves(seed: int, length: int) -> list[Move]:
    """What somebody says: flows begun, answered, left, gone back in; stories; anything in between."""
    chance = random.Random(seed)

    def move() -> Move:
        kind = chance.random()
        if kind < 0.3:
            slot = chance.choice(("region", "thought"))
            return "words", {"answer": {"slot": slot, "value": chance.choice(("knee", "worn", ""))}}
        if kind < 0.36:
            return "it hurts", {"verdict": {"level": chance.choice(("stop", "assess"))}}
        return "words", {"intent": chance.choice(INTENTS)}

    return [move() for _ in range(length)]


async def as_it_comes(own: MessageProcessor, sender: str, text: str, metadata: dict[str, Any]) -> list[Any]:
    said = Replies()
    await own.handle_message(UserMessage(text, said, sender, input_channel="safecue", metadata=metadata))
    tracker = await own.tracker_store.retrieve(sender)
    flow = tracker.active_loop_name
    bubbles = [bubble["text"] for bubble in said.bubbles]
    return [bubbles, flow, tracker.get_slot(REQUESTED_SLOT) if flow else None]


async def ours(turns: Turns, sender: str, text: str, metadata: dict[str, Any]) -> list[Any]:
    told = await turns.answer(sender, f"m{next(NUMBERS)}", text, metadata)
    bubbles = [bubble["text"] for bubble in told["replies"]]
    return [bubbles, told["flow"], told["requested_slot"]]


async def reloaded(turns: Turns, sender: str, text: str, metadata: dict[str, Any]) -> list[Any]:
    turns.tracker_store._at_hand.clear()
    return await ours(turns, f"{sender} again", text, metadata)


async def talks(say: Say, scripts: dict[str, list[Move]]) -> dict[str, list[Any]]:
    told: dict[str, list[Any]] = {sender: [] for sender in scripts}
    for sender, script in scripts.items():
        for move in script:
            told[sender].append(await say(sender, *move))
    return told


async def main(people: int, length: int, out: Path) -> None:
    quiet.silence()
    agent = await load_agent(
        "models/safecue.tar.gz", endpoints=AvailableEndpoints.read_endpoints("endpoints.yml")
    )
    own = MessageProcessor.__new__(MessageProcessor)
    own.__dict__.update(agent.processor.__dict__)
    own.tracker_store = SQLTrackerStore(agent.domain, db=str(out.with_suffix(".db")))
    scripts = {f"somebody-{seed}": moves(seed, length) for seed in range(people)}
    # Rasa first: what Turns puts in its place holds for the whole process.
    told = {"rasa": await talks(partial(as_it_comes, own), scripts)}
    turns = Turns.over(agent)
    told["ours"] = await talks(partial(ours, turns), scripts)
    told["reloaded"] = await talks(partial(reloaded, turns), scripts)
    out.write_text(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
