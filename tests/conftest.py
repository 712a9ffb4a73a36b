"""What more than one folder of tests shares, and how two workers share the tests out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hazard_proofs import watch
from postgres_at_hand import postgres_server
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

__all__ = ["postgres_server"]

SHARING = ("tests/engine/", "tests/conversation/", "tests/browser/")


class BySharedPart(LoadScopeScheduling):
    """Tests that share a costly part (an engine, a coach, a browser) stay on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (folder for folder in SHARING if nodeid.startswith(folder))
        return next(shared, nodeid.partition("::")[0])


def pytest_configure(config: pytest.Config) -> None:
    watch(config)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Any:
    return BySharedPart(config, log)
