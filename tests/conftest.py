"""What more than one folder of tests shares, and how several workers share the tests out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hazard_proofs import watch
from postgres_at_hand import postgres_server
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

__all__ = ["postgres_server"]

SHARING = ("tests/conversation/", "tests/engine/", "tests/browser/", "tests/console/")
LONG = (*SHARING, "tests/faults/", "tests/telegram/", "tests/integration/", "tests/unit/triage/")


class BySharedPart(LoadScopeScheduling):
    """Tests that share a costly part (an engine, a coach, a browser) stay on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (folder for folder in SHARING if nodeid.startswith(folder))
        return next(shared, nodeid.partition("::")[0])


def pytest_configure(config: pytest.Config) -> None:
    watch(config)
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long goes first, or one worker is left alone with it at the end."""
    items.sort(
        key=lambda item: next((at for at, f in enumerate(LONG) if item.nodeid.startswith(f)), len(LONG))
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Any:
    return BySharedPart(config, log)
