"""Tests run on two workers; those that share a costly part (an engine, a coach, a browser) stay on one."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHARING = frozenset({"engine", "conversation", "browser"})


@pytest.hookimpl(tryfirst=True)  # the marks must stand before xdist reads them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        if folder in SHARING:
            item.add_marker(pytest.mark.xdist_group(folder))
