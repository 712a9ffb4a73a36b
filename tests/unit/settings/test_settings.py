"""Settings: what may be set, and how faults are told."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.settings import ROOT, Settings, SettingsFault, kept_secret, load, variable

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
SAMPLE = ROOT / ".env.sample"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SAFECUE_")]:
        monkeypatch.delenv(name)


def faults_of(tmp_path: Path, *lines: str) -> list[str]:
    env = tmp_path / ".env"
    env.write_text("\n".join(lines), "utf-8")
    with pytest.raises(SettingsFault) as caught:
        load(env)
    return caught.value.faults


def test_with_nothing_set_the_coach_is_local_and_keeps_to_this_machine(tmp_path: Path) -> None:
    found = load(tmp_path / ".env")
    assert (found.mode, found.web_url, found.actions_url) == (
        "local",
        "http://127.0.0.1:8000",
        "http://127.0.0.1:5055",
    )
    assert found.database == f"sqlite:///{ROOT}/var/safecue.db"
    assert not found.web_public
    assert not found.allow_unsigned


def test_folders_are_found_from_wherever_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAFECUE_CONTENT_DIR", "other")
    found = load()
    assert (found.data_dir, found.content_dir) == (ROOT / "var", ROOT / "other")


def test_the_parts_are_told_what_the_engine_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFECUE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SAFECUE_WEIGHTS_DIR", str(tmp_path / "weights"))
    told = load(tmp_path / ".env").for_the_parts()
    assert told == load(tmp_path / ".env").for_the_parts(), "kept secrets stay the same"
    assert told["SAFECUE_ENGINE_DB_URL"] == f"sqlite:///{tmp_path}/engine.db"
    assert told["SAFECUE_WEIGHTS_DIR"] == str(tmp_path / "weights")
    assert told["SAFECUE_ENGINE_KEY"] != told["SAFECUE_ENGINE_STORE_KEYS"]


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        "SAFECUE_WEB_PORT=eighty",
        "SAFECUE_ENGINE_TIMEOUT=0",
        "SAFECUE_MODE=production",
        "SAFECUE_WEB_HOST=0.0.0.0",
        "SAFECUE_WEBPORT=8001",
    )
    named = {fault.partition(":")[0] for fault in faults}
    assert named == {
        "SAFECUE_WEB_PORT",
        "SAFECUE_ENGINE_TIMEOUT",
        "SAFECUE_KEYS",
        "SAFECUE_WEB_HOST",
        "SAFECUE_WEBPORT",
    }


def test_a_fault_names_the_variable_what_was_found_and_the_mend(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "SAFECUE_WEB_PORT=eighty") == [
        "SAFECUE_WEB_PORT: found 'eighty'; set a free port, a whole number from 1 to 65535"
    ]


def test_a_misspelt_name_is_told_with_the_nearest_right_one(tmp_path: Path) -> None:
    assert "did you mean SAFECUE_ALLOW_UNSIGNED?" in faults_of(tmp_path, "SAFECUE_ALOW_UNSIGNED=yes")[0]


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = tmp_path / ".env"
    env.write_text("SAFECUE_WEB_PORT=8001\n", "utf-8")
    monkeypatch.setenv("SAFECUE_WEB_PORT", "8003")
    assert load(env).web_port == 8003


def test_a_secret_that_does_not_fit_is_not_shown(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "SAFECUE_KEYS=my-secret-password")
    assert fault.startswith("SAFECUE_KEYS: ")
    assert "my-secret-password" not in fault


def test_several_keys_are_parted_by_commas_and_never_printed(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text(f"SAFECUE_KEYS={KEY}, {KEY}\n", "utf-8")
    found = load(env)
    assert [key.get_secret_value() for key in found.keys] == [KEY, KEY]
    assert KEY not in repr(found)


def test_production_needs_keys_of_its_own(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "SAFECUE_MODE=production")
    assert fault.startswith("SAFECUE_KEYS: not set")


def test_a_page_for_other_machines_must_be_meant(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "SAFECUE_WEB_HOST=0.0.0.0")
    assert "SAFECUE_WEB_PUBLIC=yes" in fault
    env = tmp_path / ".env"
    env.write_text("SAFECUE_WEB_HOST=0.0.0.0\nSAFECUE_WEB_PUBLIC=yes\n", "utf-8")
    assert load(env).web_host == "0.0.0.0"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(port=st.integers(-5, 70000))
def test_a_port_is_taken_only_between_1_and_65535(tmp_path: Path, port: int) -> None:
    env = tmp_path / ".env"
    env.write_text(f"SAFECUE_WEB_PORT={port}\nSAFECUE_ACTIONS_PORT=5055\n", "utf-8")
    if 1 <= port <= 65535 and port not in (5005, 5055, 8002):
        assert load(env).web_port == port
    else:
        with pytest.raises(SettingsFault, match="SAFECUE_WEB_PORT"):
            load(env)


def test_two_parts_on_one_port_are_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "SAFECUE_WEB_PORT=5005")
    assert fault.startswith("SAFECUE_WEB_PORT: port 5005 is also the port of SAFECUE_ENGINE_URL")


@pytest.mark.parametrize(
    "address", ["localhost:5005", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://:5005"]
)
def test_an_engine_address_must_be_a_web_address(tmp_path: Path, address: str) -> None:
    (fault,) = faults_of(tmp_path, f"SAFECUE_ENGINE_URL={address}")
    assert address in fault


def test_an_engine_on_another_machine_is_not_ours_to_start(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("SAFECUE_ENGINE_URL=http://10.0.0.7:5005\n", "utf-8")
    found = load(env)
    assert not found.engine_is_here
    assert "engine_url" not in found.ports()


def test_a_kept_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "engine-key"
    with ThreadPoolExecutor(8) as pool:
        words = set(pool.map(lambda _: kept_secret(path), range(32)))
    assert len(words) == 1
    assert len(words.pop()) == 44
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["engine-key"]


def test_the_sample_names_every_setting_and_nothing_else() -> None:
    named = re.findall(r"^#?(SAFECUE_[A-Z_]+)=", SAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(named) == sorted(variable(field) for field in Settings.model_fields)


def test_the_sample_shows_each_default_and_explains_it() -> None:
    lines = SAMPLE.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if match := re.match(r"#?(SAFECUE_([A-Z_]+))=(.*)", line):
            default = Settings.model_fields[match[2].lower()].default
            told = (
                {True: "yes", False: "no"}.get(default) if isinstance(default, bool) else str(default or "")
            )
            assert match[3] == (told if default != () else ""), match[1]
            assert lines[number - 1].startswith("# "), f"{match[1]} is not explained"


def test_a_copied_sample_with_every_line_switched_on_is_valid(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text(re.sub(r"^#(SAFECUE_)", r"\1", SAMPLE.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    assert load(env) == load(tmp_path / "none")


TOKEN = "123456:ABC-def_of_a_bot"


@pytest.mark.parametrize(
    "token", ["nonsense", "123456", ":abc", "123:with space", "https://api.telegram.org"]
)
def test_a_token_that_is_none_is_refused_without_being_shown(tmp_path: Path, token: str) -> None:
    (fault,) = faults_of(tmp_path, f"SAFECUE_TELEGRAM_TOKEN={token}")
    assert fault.startswith("SAFECUE_TELEGRAM_TOKEN: found a value that doesn't fit (hidden)")


def test_a_webhook_needs_a_secret_and_an_address_over_tls(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, "SAFECUE_TELEGRAM_WEBHOOK=http://coach.example.org/telegram")
    assert [fault.split(":")[0] for fault in faults] == [
        "SAFECUE_TELEGRAM_WEBHOOK",
        "SAFECUE_TELEGRAM_WEBHOOK_SECRET",
    ]


@pytest.mark.parametrize("secret", ["short", "with space and more", "x" * 257, "0123456789abcdé"])
def test_a_webhook_secret_that_telegram_would_not_take_is_refused(tmp_path: Path, secret: str) -> None:
    (fault,) = faults_of(tmp_path, f"SAFECUE_TELEGRAM_WEBHOOK_SECRET='{secret}'")
    assert "SAFECUE_TELEGRAM_WEBHOOK_SECRET" in fault
    assert secret not in fault


def test_only_a_webhook_takes_a_port_for_telegram(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text(f"SAFECUE_TELEGRAM_TOKEN={TOKEN}\nSAFECUE_TELEGRAM_PORT=8000\n", "utf-8")
    assert "telegram_port" not in load(env).ports()
    faults = faults_of(
        tmp_path,
        f"SAFECUE_TELEGRAM_TOKEN={TOKEN}",
        "SAFECUE_TELEGRAM_PORT=8000",
        "SAFECUE_TELEGRAM_WEBHOOK=https://coach.example.org/telegram",
        "SAFECUE_TELEGRAM_WEBHOOK_SECRET=0123456789abcdef",
    )
    assert faults == [
        "SAFECUE_TELEGRAM_PORT: port 8000 is also the port of SAFECUE_WEB_PORT; set another",
    ]
