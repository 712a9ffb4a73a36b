"""Every setting of the coach: read once, checked together, all faults told at once."""

from __future__ import annotations

import base64
import binascii
import difflib
import ipaddress
import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "SAFECUE_"
ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / ".env"
OF_THE_PARTS = frozenset({"SAFECUE_ACTIONS_URL", "SAFECUE_ENGINE_PORT"})  # told to the parts, set by nobody


class SettingsFault(Exception):
    """Settings that can't be used. `faults`: one line each with the variable, what was found, the mend."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(["The settings can't be used:", *(f"  {fault}" for fault in faults)]))


def is_loopback(host: str) -> bool:
    """Whether a host name or address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _from_the_project(path: Path) -> Path:
    return ROOT / path


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not a web address")
    _ = parts.port  # raises ValueError where there can't be such a port
    return value.rstrip("/")


def _https_address(value: str) -> str:
    parts = urlsplit(_web_address(value))
    if parts.scheme != "https" or parts.path.strip("/") or parts.query:
        raise ValueError("not the https address of a whole host")
    return f"https://{parts.netloc}"


def _bot_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d+:[\w-]+", value.get_secret_value(), re.ASCII):
        raise ValueError("not a bot's token")
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\w-]{16,256}", value.get_secret_value(), re.ASCII):
        raise ValueError("not a webhook's secret")
    return value


def _http(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _encryption_key(value: SecretStr) -> SecretStr:
    try:
        size = len(base64.urlsafe_b64decode(value.get_secret_value()))
    except (binascii.Error, ValueError):
        size = 0
    if size != 32:
        raise ValueError("not an encryption key")
    return value


Port = Annotated[int, Field(ge=1, le=65535, description="a free port, a whole number from 1 to 65535")]
Switch = Annotated[bool, Field(description="yes or no")]
Folder = Annotated[
    Path, AfterValidator(_from_the_project), Field(description="the path of a folder", validate_default=True)
]
Secret = Annotated[SecretStr, Field(min_length=16)]
Keys = Annotated[tuple[Annotated[SecretStr, AfterValidator(_encryption_key)], ...], NoDecode]
_KEYS_FIT = "one or more Fernet keys (32 bytes in URL-safe base64) with commas between, the newest first"


class Settings(BaseSettings):
    """What a deployment decides. The meaning of each variable is told in `.env.sample`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    mode: Literal["local", "production"] = Field("local", description="local or production")
    data_dir: Folder = Path("var")
    content_dir: Folder = Path("content")
    weights_dir: Annotated[Path, AfterValidator(_from_the_project)] | None = Field(
        None, description="the path of a folder"
    )
    pipeline: Literal["embeddings", "counts"] = Field("embeddings", description="embeddings or counts")
    second_voice: Switch = True
    database_url: SecretStr | None = Field(None, description="a database address such as sqlite:///var/my.db")
    keys: Keys = Field((), description=_KEYS_FIT)
    engine_url: Annotated[str, AfterValidator(_web_address)] = Field(
        "http://127.0.0.1:5005", description="a web address such as http://127.0.0.1:5005"
    )
    engine_key: Secret | None = Field(None, description="a random word of 16 letters or more")
    engine_timeout: float = Field(8.0, gt=0, le=60, description="seconds, more than 0 and at most 60")
    engine_db_url: SecretStr | None = Field(
        None, description="a database address such as sqlite:///var/my.db"
    )
    engine_store_keys: Keys = Field((), description=_KEYS_FIT)
    actions_port: Port = 5055
    web_host: str = Field("127.0.0.1", description="an address of this machine, such as 127.0.0.1")
    web_port: Port = 8000
    web_public: Switch = False
    console_host: str = Field("127.0.0.1", description="an address of this machine, such as 127.0.0.1")
    console_port: Port = 8002
    console_address: Annotated[str, AfterValidator(_https_address)] | None = Field(
        None, description="the https address of the console, such as https://console.example.org"
    )
    telegram_token: Annotated[SecretStr, AfterValidator(_bot_token)] | None = Field(
        None, description="the token that BotFather gave the bot, such as 123456:ABC-def"
    )
    telegram_api: Annotated[str, AfterValidator(_web_address)] = Field(
        "https://api.telegram.org", description="a web address such as https://api.telegram.org"
    )
    telegram_webhook: Annotated[str, AfterValidator(_web_address)] | None = Field(
        None, description="the public address of the webhook, such as https://coach.example.org/telegram"
    )
    telegram_webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] | None = Field(
        None, description="16 to 256 random letters, digits, _ or -"
    )
    telegram_host: str = Field("127.0.0.1", description="an address of this machine, such as 127.0.0.1")
    telegram_port: Port = 8001
    retention_days: int = Field(365, ge=1, description="days, a whole number of at least 1")
    allow_unsigned: Switch = False

    @field_validator("keys", "engine_store_keys", mode="before")
    @classmethod
    def _parted_by_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def database(self) -> str:
        """The address of our database: SQLite in the data folder unless set."""
        return _shown(self.database_url) or f"sqlite:///{self.data_dir / 'safecue.db'}"

    @property
    def engine_database(self) -> str:
        """The address of the engine's own database: SQLite in the data folder unless set."""
        return _shown(self.engine_db_url) or f"sqlite:///{self.data_dir / 'engine.db'}"

    @property
    def actions_url(self) -> str:
        return f"http://127.0.0.1:{self.actions_port}"

    @property
    def web_url(self) -> str:
        return _http(self.web_host, self.web_port)

    @property
    def console_url(self) -> str:
        """Where the console is reached from this machine."""
        return _http(self.console_host, self.console_port)

    @property
    def telegram_url(self) -> str:
        """Where the webhook's route is reached from this machine."""
        return _http(self.telegram_host, self.telegram_port)

    @property
    def engine_port(self) -> int:
        return urlsplit(self.engine_url).port or 80

    @property
    def engine_is_here(self) -> bool:
        """Whether the engine is a part of ours on this machine, or runs elsewhere."""
        return is_loopback(urlsplit(self.engine_url).hostname or "")

    def ports(self) -> dict[str, int]:
        """The ports that our parts listen on, by the setting that names them."""
        ours = {
            "actions_port": self.actions_port,
            "web_port": self.web_port,
            "console_port": self.console_port,
        }
        if self.telegram_token and self.telegram_webhook:
            ours["telegram_port"] = self.telegram_port
        return {"engine_url": self.engine_port} | ours if self.engine_is_here else ours

    def engine_secret(self) -> str:
        """The word that we and the engine know each other by; made and kept on first use unless set."""
        return _shown(self.engine_key) or kept_secret(self.data_dir / "secrets" / "engine-key")

    def engine_store_secret(self) -> str:
        """The keys of the engine's store, commas between; one is made and kept on first use unless set."""
        given = ",".join(key.get_secret_value() for key in self.engine_store_keys)
        return given or kept_secret(self.data_dir / "secrets" / "engine-store-key")

    @property
    def key_file(self) -> Path:
        """Where the encryption keys are kept when none are set."""
        return self.data_dir / "secrets" / "keys"

    @property
    def begun_file(self) -> Path:
        """Where it is kept which databases were in use."""
        return self.data_dir / "secrets" / "databases"

    def for_the_parts(self) -> dict[str, str]:
        """What the engine reads from its environment, and the switches that keep it quiet."""
        weights = {variable("weights_dir"): str(self.weights_dir)} if self.weights_dir else {}
        return weights | {
            "SAFECUE_PIPELINE": self.pipeline,
            "SAFECUE_ACTIONS_URL": self.actions_url,
            "SAFECUE_ENGINE_PORT": str(self.engine_port),
            "SAFECUE_ENGINE_KEY": self.engine_secret(),
            "SAFECUE_ENGINE_STORE_KEYS": self.engine_store_secret(),
            "SAFECUE_ENGINE_DB_URL": self.engine_database,
            "RASA_TELEMETRY_ENABLED": "false",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # One message is too little work to share among threads: they only wait for one another.
            "OMP_NUM_THREADS": "1",
            # Else threads keep memory of their own each: 35 MB once 16 people have talked at once.
            "MALLOC_ARENA_MAX": "2",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        }


def load(env_file: Path = ENV_FILE) -> Settings:
    """Read the environment and `env_file` (the environment wins). Raises SettingsFault naming every fault."""
    source: dict[str, Any] = {"_env_file": env_file}
    found = _found(env_file)
    faults = _unknown(found)
    try:
        settings = Settings(**source)
    except ValidationError as error:
        wrong = {str(fault["loc"][0]) for fault in error.errors()}
        faults += [_unfit(field, found) for field in Settings.model_fields if field in wrong]
        settings = Settings(**source | _defaults(wrong))
        faults += [fault for field, fault in _contradictions(settings) if field not in wrong]
    else:
        faults += [fault for _, fault in _contradictions(settings)]
    if faults:
        raise SettingsFault(faults)
    return settings


def kept_secret(path: Path) -> str:
    """The random key in this file (mode 0600), made on first use; safe when two programs start at once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text("ascii").strip()


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _found(env_file: Path) -> dict[str, str]:
    kept = dotenv_values(env_file) if env_file.is_file() else {}
    merged = {**{name.upper(): value for name, value in kept.items()}, **os.environ}
    return {name: value for name, value in merged.items() if name.startswith(PREFIX) and value}


def _unknown(found: dict[str, str]) -> list[str]:
    known = {variable(field) for field in Settings.model_fields} | OF_THE_PARTS
    return [_misspelt(name, known) for name in sorted(found.keys() - known)]


def _misspelt(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    mend = f"did you mean {near[0]}?" if near else "remove it; .env.sample lists every setting"
    return f"{name}: there is no such setting; {mend}"


def _unfit(field: str, found: dict[str, str]) -> str:
    info = Settings.model_fields[field]
    hidden = "Secret" in str(info.annotation)
    value = "a value that doesn't fit (hidden)" if hidden else repr(found.get(variable(field), ""))
    return f"{variable(field)}: found {value}; set {info.description}"


def _defaults(fields: set[str]) -> dict[str, Any]:
    return {field: Settings.model_fields[field].default for field in fields}


def _contradictions(settings: Settings) -> list[tuple[str, str]]:
    """What is wrong between settings that are each right by themselves: (field, fault)."""
    faults: list[tuple[str, str]] = []
    if settings.mode == "production" and not settings.keys:
        faults.append(("keys", f"{variable('keys')}: not set, and production makes none; set {_KEYS_FIT}"))
    if not settings.web_public and not is_loopback(settings.web_host):
        faults.append(
            (
                "web_host",
                f"{variable('web_host')}: found {settings.web_host!r}, which other machines can reach; "
                f"set 127.0.0.1, or {variable('web_public')}=yes if that is meant",
            )
        )
    if not settings.console_address and not is_loopback(settings.console_host):
        faults.append(
            (
                "console_host",
                f"{variable('console_host')}: found {settings.console_host!r}, which other machines "
                f"can reach; set 127.0.0.1, or {variable('console_address')} to the https address there",
            )
        )
    return faults + _webhook_faults(settings) + _shared_ports(settings)


def _webhook_faults(settings: Settings) -> list[tuple[str, str]]:
    """A webhook without a secret would take words from anybody; Telegram calls over TLS only."""
    if settings.telegram_webhook is None:
        return []
    faults: list[tuple[str, str]] = []
    address = urlsplit(settings.telegram_webhook)
    if address.scheme != "https" and not is_loopback(address.hostname or ""):
        fault = f"{variable('telegram_webhook')}: found {settings.telegram_webhook!r}; set an https address"
        faults.append(("telegram_webhook", fault))
    if settings.telegram_webhook_secret is None:
        description = Settings.model_fields["telegram_webhook_secret"].description
        fault = f"{variable('telegram_webhook_secret')}: not set, and the webhook needs it; set {description}"
        faults.append(("telegram_webhook_secret", fault))
    return faults


def _shared_ports(settings: Settings) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    owners: dict[int, str] = {}
    for field, port in settings.ports().items():
        if owner := owners.get(port):
            fault = f"{variable(field)}: port {port} is also the port of {variable(owner)}; set another"
            faults.append((field, fault))
        owners.setdefault(port, field)
    return faults
