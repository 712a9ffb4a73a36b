"""Which databases were in use here, so that an empty one in their place isn't taken for a beginning."""

from __future__ import annotations

from pathlib import Path

from bot.records.database import lasts, shown


class Begun:
    """Kept in a file, one database a line, without passwords."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def knows(self, url: str) -> bool:
        return shown(url) in self._lines()

    def remember(self, url: str) -> None:
        if lasts(url) and not self.knows(url):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{shown(url)}\n")

    def forget(self, url: str) -> None:
        kept = [f"{line}\n" for line in self._lines() if line != shown(url)]
        if self._file.exists():
            self._file.write_text("".join(kept), "utf-8")

    def _lines(self) -> list[str]:
        return self._file.read_text("utf-8").splitlines() if self._file.exists() else []
