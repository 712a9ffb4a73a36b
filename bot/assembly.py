"""The one place that picks the real parts. Nothing is opened before `assemble` is called."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.facts.clock import utc_now
from bot.facts.vocabulary import Bank
from bot.library.console import ConsoleWords, load_console
from bot.library.demo import DemoWords, load_demo
from bot.library.library import ContentLibrary, load_library
from bot.library.screening_content import load_screening
from bot.records import Begun, SqlRecords
from bot.records.cipher import Cipher, load_or_make_key_file, new_key
from bot.settings import ROOT, Settings, SettingsFault, variable
from bot.usecases.accounts import Accounts
from bot.usecases.audit_trail import AuditTrail
from bot.usecases.conversations import ReadConversations
from bot.usecases.deliver import Words
from bot.usecases.due import Due
from bot.usecases.flag_moves import MoveFlags
from bot.usecases.hand_over import HandOver
from bot.usecases.linking import TeamCodes
from bot.usecases.margins import KeepMargins
from bot.usecases.patience import Patience
from bot.usecases.ports import Engine
from bot.usecases.post import Post
from bot.usecases.read_flags import ReadFlags
from bot.usecases.read_talk import ReadTalk
from bot.usecases.receive_message import ReceiveMessage
from bot.usecases.safe_replies import SafeReplies
from bot.usecases.screening import Extractor, Screening
from bot.usecases.sight import Sight, check_sees
from bot.usecases.sign_in import Sessions

__all__ = [
    "SECOND_VOICE",
    "ConsoleHouse",
    "Demo",
    "House",
    "assemble",
    "assemble_console",
    "begin_anew",
    "new_key",
    "open_content",
    "open_demo",
    "open_engine",
    "open_flag_moves",
    "open_hand_over",
    "open_records",
    "open_screen",
    "open_second_voice",
    "tune_second_voice",
]

if TYPE_CHECKING:
    from bot.dialogue.client import RasaEngine
    from bot.extraction import SecondVoice

# What the second voice learned holds nothing of any patient: it lies beside the model of the engine.
SECOND_VOICE = ROOT / "models" / "second-voice"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """The assembled coach, as doors use it."""

    settings: Settings
    library: ContentLibrary
    records: SqlRecords
    screen: Screening
    engine: Engine
    receive: ReceiveMessage
    talk: ReadTalk
    hand_over: HandOver
    post: Post
    due: Due


@dataclass(frozen=True, slots=True)
class ConsoleHouse:
    """What the staff's console works with. `signs`: what each sign is called."""

    library: ContentLibrary
    words: ConsoleWords
    signs: Mapping[str, str]
    records: SqlRecords
    clock: Callable[[], datetime]
    sessions: Sessions
    accounts: Accounts
    patience: Patience
    sight: Sight
    codes: TeamCodes
    audit: AuditTrail
    conversations: ReadConversations
    margins: KeepMargins
    replies: SafeReplies
    pictures: Path
    flags: ReadFlags
    moves: MoveFlags


def refuse_unsigned(settings: Settings, library: ContentLibrary) -> None:
    """Production doesn't start on safety content that no clinician has signed, unless told otherwise."""
    if settings.mode != "production" or settings.allow_unsigned or not library.unsigned_safety():
        return
    raise SettingsFault(
        [
            "production refuses unsigned safety content: have a clinician sign it (reviewed_by and "
            f"reviewed_on in content/), or set {variable('allow_unsigned')}=yes"
        ]
    )


def open_records(settings: Settings) -> SqlRecords:
    """The records, brought to the newest schema.

    Raises RecordsError; RecordsGone where they were in use before and nothing is there now.
    """
    keys = [key.get_secret_value() for key in settings.keys]
    if not keys:
        keys, _ = load_or_make_key_file(settings.key_file)
    begun = Begun(settings.begun_file)
    records = SqlRecords(settings.database, Cipher(keys), may_begin=not begun.knows(settings.database))
    records.migrate()
    begun.remember(settings.database)
    return records


def begin_anew(settings: Settings) -> None:
    """Let the next `open_records` begin an empty database where the one in use is gone. Removes nothing."""
    Begun(settings.begun_file).forget(settings.database)


def open_hand_over(settings: Settings, clock: Callable[[], datetime] = utc_now) -> HandOver:
    return HandOver(open_records(settings), load_library(settings.content_dir), clock)


def open_flag_moves(settings: Settings, clock: Callable[[], datetime] = utc_now) -> MoveFlags:
    """For who works at this machine, and so sees everybody."""
    library, screen = open_content(settings)
    outcomes = load_console(settings.content_dir).outcomes
    return MoveFlags(open_records(settings), Words(library, screen), outcomes, lambda *_: None, clock)


def open_engine(settings: Settings) -> RasaEngine:
    from bot.dialogue.client import RasaEngine

    return RasaEngine(settings.engine_url, settings.engine_secret(), settings.engine_timeout)


def open_content(settings: Settings) -> tuple[ContentLibrary, Screening]:
    """What may be said, and what decides about it. Raises ContentFaults, SettingsFault."""
    library = load_library(settings.content_dir)
    refuse_unsigned(settings, library)
    screen = open_screen(settings)
    _give_back_memory()
    return library, screen


def open_screen(settings: Settings) -> Screening:
    """It reads no words before it must: spaCy and the compiled phrases are half of a process's memory."""
    content = load_screening(settings.content_dir)

    def extractor() -> Extractor:
        from bot.extraction import build

        voice = open_second_voice(settings, content.bank, lambda fault: log.error("%s", fault))
        return build(content.vocabulary, voice)

    return Screening(extractor, content.rules, content.version, content.names)


def _give_back_memory() -> None:
    """What reading the content (2 MB) and getting ready for words (8) needed; the C library would keep it."""
    with suppress(OSError, AttributeError):  # it is glibc's alone
        ctypes.CDLL(None).malloc_trim(0)


def open_second_voice(settings: Settings, bank: Bank, tell: Callable[[str], None]) -> SecondVoice | None:
    """The second voice; None where it is switched off or can't be had, which `tell` is told.

    Screening by the written rules never waits for it: a sentence model that is missing or damaged costs what
    this voice gains, and nothing else.
    """
    if not settings.second_voice:
        return None
    from bot.extraction import open_voice

    with _told_without(tell):
        return open_voice(bank, settings.weights_dir, SECOND_VOICE)
    return None


def tune_second_voice(settings: Settings, bank: Bank, tell: Callable[[str], None]) -> None:
    """Fit the second voice where that isn't done yet; `tell` is told why it can't be had."""
    if not settings.second_voice:
        return
    from bot.extraction import tune_voice

    with _told_without(tell):
        tune_voice(bank, settings.weights_dir, SECOND_VOICE)


@contextmanager
def _told_without(tell: Callable[[str], None]) -> Iterator[None]:
    from bot.extraction import WeightsFault

    try:
        yield
    except (WeightsFault, OSError) as fault:
        tell(f"Screening runs by its written rules alone, without the second voice: {fault}")


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demonstration works with. `house` takes the engine that plays its part."""

    records: SqlRecords
    library: ContentLibrary
    words: DemoWords
    outcomes: Mapping[str, Collection[str]]
    moves: MoveFlags
    accounts: Accounts
    house: Callable[[Engine], House]


def open_demo(settings: Settings, folder: Path, clock: Callable[[], datetime]) -> Demo:
    """In a folder of its own, with a key of its own, whatever database is set."""
    own = {"data_dir": folder, "database_url": None, "keys": (), "mode": "local", "second_voice": False}
    settings = settings.model_copy(update=own)
    library, screen = open_content(settings)
    records = open_records(settings)
    outcomes = load_console(settings.content_dir).outcomes
    return Demo(
        records=records,
        library=library,
        words=load_demo(settings.content_dir),
        outcomes=outcomes,
        moves=MoveFlags(records, Words(library, screen), outcomes, check_sees, clock),
        accounts=Accounts(records, clock),
        house=lambda engine: _house(settings, library, screen, records, engine, clock),
    )


def assemble(
    settings: Settings, clock: Callable[[], datetime] = utc_now, *, reads_words: bool = True
) -> House:
    """Everything put together. `reads_words`: whether people write here, so that the first must not wait.

    Raises ContentFaults, BadVocabulary, RecordsError, or SettingsFault (production, unsigned safety content).
    """
    library, screen = open_content(settings)
    if reads_words:
        screen.make_ready()
        _give_back_memory()
    return _house(settings, library, screen, open_records(settings), open_engine(settings), clock)


def _house(
    settings: Settings,
    library: ContentLibrary,
    screen: Screening,
    records: SqlRecords,
    engine: Engine,
    clock: Callable[[], datetime],
) -> House:
    receive = ReceiveMessage(records, screen, library, engine, clock, settings.engine_timeout)
    return House(
        settings=settings,
        library=library,
        records=records,
        screen=screen,
        engine=engine,
        receive=receive,
        talk=ReadTalk(records, library, clock),
        hand_over=HandOver(records, library, clock),
        post=Post(records, library, clock),
        due=Due(records, screen, library, engine, receive, clock, timedelta(days=settings.retention_days)),
    )


def assemble_console(settings: Settings, clock: Callable[[], datetime] = utc_now) -> ConsoleHouse:
    """Raises ContentFaults, RecordsError."""
    library = load_library(settings.content_dir)
    _give_back_memory()
    records = open_records(settings)
    library = load_library(settings.content_dir)
    screen = open_screen(settings)
    words = load_console(settings.content_dir)
    return ConsoleHouse(
        library=library,
        words=words,
        signs=screen.names,
        records=records,
        clock=clock,
        sessions=Sessions(records, clock),
        accounts=Accounts(records, clock),
        patience=Patience(clock),
        sight=Sight(records, clock),
        codes=TeamCodes(records, clock),
        audit=AuditTrail(records, clock),
        conversations=ReadConversations(records, library, clock),
        margins=KeepMargins(records, clock),
        replies=SafeReplies(records, library, clock),
        pictures=settings.content_dir / "pictures",
        flags=ReadFlags(records, library, clock),
        moves=MoveFlags(records, Words(library, screen), words.outcomes, check_sees, clock),
    )
