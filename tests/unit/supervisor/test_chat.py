"""`safecue chat`: the parts are there while the talk lasts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bot.runner.chat import talk_with_parts
from bot.runner.supervisor import Part

LASTING = (sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)")


async def test_the_parts_run_while_the_talk_lasts_and_end_with_it(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(log)!r}).read_text(): time.sleep(.1)\nexit(7)"
    log.write_text("", "utf-8")
    code = await talk_with_parts((sys.executable, "-c", waits), [Part("part", LASTING)], tmp_path, os.environ)
    assert code == 7
    with pytest.raises(ProcessLookupError):
        os.kill(int(log.read_text("utf-8")), 0)


async def test_a_coach_that_never_gets_ready_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    never = Part("part", LASTING, health="http://127.0.0.1:9/")
    talk = (sys.executable, "-c", f"open({str(tmp_path / 'talked')!r}, 'w')")
    assert await talk_with_parts(talk, [never], tmp_path, os.environ, patience=0.3) == 1
    assert "not ready after 0.3 s" in capsys.readouterr().err
    assert not (tmp_path / "talked").exists()
