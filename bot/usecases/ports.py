"""What the use cases need from the world. `bot/records`, `bot/dialogue` and the library fulfil it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.facts.audit import AuditChain, AuditEntry
from bot.facts.clinical import (
    History,
    Level,
    PainEntry,
    SessionEntry,
    SymptomFact,
    Urgency,
    Verdict,
)
from bot.facts.flags import Flag, FlagKind, FlagState, FlagStep
from bot.facts.review import Conversation, Line, Margin, Note, Place, Stretch, Wanted
from bot.facts.staff import Account, BrokenGlass, Invitation, Role, SignedIn, Team
from bot.facts.talk import Delivery, Message, Patient, Reply, Standing, TurnState


class Patients(Protocol):
    def at_door(self, door: str, address: str, *, hold: bool = False) -> Patient | None:
        """With `hold`, as below."""

    def enrol(self, door: str, address: str, now: datetime) -> Patient: ...
    def get(self, patient_id: str) -> Patient:
        """LookupError: nobody of that id."""

    def hold(self, patient_id: str) -> Patient:
        """As `get`; nobody else changes anything of theirs until this unit ends.

        First in every unit that decides by what it reads of a person, or two could decide the same.
        """

    def address_of(self, patient_id: str) -> str: ...
    def remember(self, patient_id: str, changes: Mapping[str, str | None]) -> None:
        """Merge into the profile; None removes the key."""

    def set_standing(self, patient_id: str, standing: Standing) -> None: ...
    def set_unreachable(self, patient_id: str, since: datetime | None) -> None:
        """Since when the door refuses our words to this patient; None: it takes them."""

    def record_consent(
        self,
        patient_id: str,
        *,
        given: bool,
        version: str,
        text_hash: str,
        channel: str,
        now: datetime,
    ) -> None: ...
    def claim_turn(self, patient_id: str, owner: str, now: datetime, until: datetime) -> bool:
        """Take the patient's turn lease, if it is free, ran out, or is ours already."""

    def release_turn(self, patient_id: str, owner: str) -> None: ...
    def with_waiting(self, now: datetime) -> Sequence[str]:
        """Patients with inbound messages that no turn has answered yet and no live lease."""

    def remind_at(self, patient_id: str, when: datetime | None) -> None:
        """When the next reminder is due; None: never."""

    def due_reminders(self, now: datetime) -> Sequence[str]: ...
    def doors(self, patient_ids: Collection[str]) -> Mapping[str, str]:
        """Through which door each of them comes."""

    def silent(self, since: datetime) -> Mapping[str, datetime]:
        """Who takes part, is reminded and has not written since then, with their last words' time."""

    def leaving(self, before: datetime) -> Sequence[str]:
        """Patients who asked to be erased and whose talk has been quiet since `before`."""

    def erase(self, patient_id: str) -> Mapping[str, int]:
        """Remove the person's rows everywhere in our database; how many, by table."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A button as it was shown, with its meaning."""

    title: str
    payload: str


class Messages(Protocol):
    def receive(
        self,
        patient_id: str,
        *,
        text: str,
        payload: str | None,
        door_key: str | None,
        now: datetime,
        erase_at: datetime | None,
    ) -> tuple[Message, bool]:
        """Store an inbound message; (message, False) where `door_key` came before."""

    def unscreened_of(self, patient_id: str) -> Sequence[Message]:
        """What this person wrote and nobody has screened yet, in order."""

    def unscreened(self, before: datetime) -> Sequence[Message]:
        """Inbound messages still in state received that arrived before that time, oldest first."""

    def set_state(
        self, message_id: str, state: TurnState, understanding: Mapping[str, object] | None = None
    ) -> None: ...
    def get(self, message_id: str) -> Message:
        """LookupError: no such message."""

    def unanswered(self, patient_id: str) -> Sequence[Message]:
        """Inbound messages in state screened or waiting, oldest first."""

    def say(self, patient_id: str, reply: Reply, *, in_reply_to: str | None, now: datetime) -> Message:
        """Write an outbound message, its unused button tokens and its outbox row (safety first in line)."""

    def replies_to(self, message_id: str) -> Sequence[Message]: ...
    def last_said(self, patient_id: str) -> Message | None:
        """As the two below, without the buttons that hang on it."""

    def last_said_of(self, patient_id: str, content_id: str) -> Message | None:
        """The newest outbound message with that content id."""

    def last_before(self, patient_id: str, moment: datetime) -> Message | None:
        """The newest message of the talk, of either side, that isn't later than the moment."""

    def last_heard(self, patient_id: str) -> Message | None:
        """The newest inbound message."""

    def open_question(self, patient_id: str) -> Message | None:
        """The newest outbound message that asks something, if nothing answered it since."""

    def transcript(self, patient_id: str, *, after: int = 0, limit: int = 200) -> Sequence[Message]: ...
    def take_token(self, patient_id: str, token: str, now: datetime) -> Offered | None:
        """The button behind a token if it was offered to this patient and is unused.

        Taking one uses up every button of the same message. None: forged, foreign or used.
        """

    def offered_as(self, patient_id: str, words: str) -> str | None:
        """The token of the button with just this title, if the newest message with unused buttons has it."""

    def drop_offers(self, patient_id: str) -> None:
        """Switch off every unused button of the patient (after a stop)."""

    def erase_due_text(self, now: datetime) -> int:
        """Erase the text of messages whose `erase_at` has passed; how many."""


@dataclass(frozen=True, slots=True)
class OpenAssessment:
    id: int
    at: datetime
    level: Level
    urgency: Urgency
    rules: tuple[str, ...]
    regions: tuple[str, ...]
    question: str | None
    reminded_at: datetime | None
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Assessed:
    """A verdict as it was given, by which content, and how it was settled."""

    id: int
    message_id: str | None
    at: datetime
    verdict: Verdict
    content_version: str
    closed_at: datetime | None
    closed_by: str | None


class Assessments(Protocol):
    def add(
        self,
        patient_id: str,
        message_id: str | None,
        facts: Sequence[SymptomFact],
        verdict: Verdict,
        *,
        content_version: str,
        now: datetime,
    ) -> int:
        """Facts and verdict in one go. Level `continue` and `none` are born closed."""

    def get(self, assessment_id: int) -> Assessed | None: ...
    def for_message(self, message_id: str) -> Verdict | None: ...
    def open_for(self, patient_id: str) -> Sequence[OpenAssessment]: ...
    def close(self, assessment_id: int, *, by: str, reason: str, now: datetime) -> None: ...
    def remind(self, assessment_id: int, now: datetime) -> None: ...
    def all_open(self, level: Level) -> Sequence[tuple[str, OpenAssessment]]:
        """(patient id, assessment) of that level, of everybody, that stand open."""

    def closed_because(
        self, level: Level, reason: str, since: datetime
    ) -> Sequence[tuple[str, OpenAssessment]]:
        """(patient id, assessment) of that level, closed since then for just that reason."""

    def record_green(self, patient_id: str, message_id: str | None, now: datetime) -> None:
        """The patient went through the sign check and has none."""

    def last_green_and_alarm(self, patient_id: str) -> tuple[datetime | None, datetime | None]:
        """When the newest clean sign check was, and the newest alarm (from assess up), open or closed."""


class Flags(Protocol):
    def raise_(
        self,
        patient_id: str,
        *,
        level: str,
        urgency: str,
        summary: str,
        assessment_id: int | None,
        now: datetime,
        kind: FlagKind = FlagKind.SIGN,
    ) -> int: ...
    def get(self, flag_id: int) -> Flag | None: ...
    def about(self, assessment_id: int) -> Sequence[Flag]:
        """Every flag, ended or not, that this assessment raised."""

    def of_patient(self, patient_id: str) -> Sequence[Flag]:
        """Every flag about this person, ended or not."""

    def list(self, *, open_only: bool = True) -> Sequence[Flag]: ...
    def open_among(self, teams: Collection[str], *, teamless: bool) -> Sequence[Flag]:
        """Open flags of those teams' patients; with `teamless` of patients without a team, too."""

    def resting(
        self, since: Mapping[tuple[FlagState, str], datetime], *, set_back: datetime
    ) -> Sequence[Flag]:
        """Flags that have been in a state since before the moment given for it and their urgency.

        Those too that came to such a state after `set_back`, a moment still to come.
        """

    def take(self, flag: Flag, step: FlagStep) -> None:
        """Keep a step of its life. ValueError: somebody else took one since this flag was read."""

    def steps(self, flag_id: int) -> Sequence[FlagStep]: ...
    def last_raised(self, kind: FlagKind) -> Mapping[str, datetime]:
        """When a flag of that kind was last raised, by patient."""


class SymptomLog(Protocol):
    def add_pain(
        self, patient_id: str, *, pain: int, region: str | None, message_id: str, now: datetime
    ) -> None:
        """Once per `message_id`."""

    def correct_pain(self, patient_id: str, *, pain: int, since: datetime) -> int | None:
        """Put another value into the newest entry since that time; its id, None where there is none."""

    def add_session(self, patient_id: str, entry: SessionEntry, *, message_id: str) -> None:
        """Once per `message_id`."""

    def pains(self, patient_id: str, since: datetime) -> Sequence[PainEntry]: ...
    def history(self, patient_id: str, since: datetime) -> History: ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """An outbox row due for delivery. `attempts`: tries that failed."""

    id: int
    patient_id: str
    message: Message
    attempts: int


class Outbox(Protocol):
    def due(
        self, door: str, now: datetime, limit: int = 50, *, but: Collection[int] = ()
    ) -> Sequence[Parcel]:
        """Parcels of that door that may go now, `but` those under way: safety first, then oldest.

        Ordinary words keep their place in the patient's line, behind everything that is still pending.
        Safety words that begin an answer wait for nothing but those before them in it.
        """

    def sent(self, message_ids: Collection[str], now: datetime, *, confirmed: bool = True) -> None: ...
    def failed(self, message_id: str, *, error: str, retry_at: datetime | None) -> None:
        """With `retry_at` None it's given up."""

    def deliveries(self, message_ids: Collection[str]) -> Mapping[str, tuple[Delivery, datetime | None]]:
        """What became of our messages, and when they were sent."""


class Audit(Protocol):
    def record(self, actor: str, action: str, subject: str, detail: str, now: datetime) -> None:
        """Never patient text in `detail`. Written when the unit is committed."""

    def entries(
        self,
        *,
        actor: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """Newest first; `until` is left out itself, and so is the entry `before`."""

    def verify(self) -> AuditChain: ...


class Misses(Protocol):
    def keep(self, patient_id: str, message_id: str, ranking: Sequence[tuple[str, float]]) -> None:
        """Keep a misunderstood message for the authors."""


class Heartbeats(Protocol):
    def beat(self, part: str, now: datetime) -> None: ...
    def last(self) -> Mapping[str, datetime]:
        """When each part that works by itself was last seen to."""


class Staff(Protocol):
    """Accounts and sessions of the staff. `get` and `keep` raise LookupError: nobody of that id."""

    def add(self, *, name: str, email: str, password: str, roles: Collection[Role], now: datetime) -> Account:
        """ValueError: somebody signs in with that address already."""

    def get(self, staff_id: str) -> Account: ...
    def signing_in_as(self, email: str) -> Account | None: ...
    def list(self) -> Sequence[Account]: ...
    def keep(self, account: Account) -> None:
        """What changed of an account, but for its teams."""

    def begin_session(self, staff_id: str, *, place: str, agent: str, now: datetime) -> str:
        """The token of a new session, told this once."""

    def session_of(self, token: str) -> SignedIn | None: ...
    def sessions_of(self, staff_id: str) -> Sequence[SignedIn]: ...
    def saw(self, session_id: str, now: datetime) -> None: ...
    def end_session(self, staff_id: str, session_id: str) -> None: ...
    def end_all_sessions(self, staff_id: str, *, but: str | None = None) -> None: ...
    def end_old_sessions(self, *, begun_before: datetime, seen_before: datetime) -> None: ...


class Invitations(Protocol):
    def add(self, invitation: Invitation) -> str:
        """The code, told this once."""

    def waiting(self, now: datetime) -> Sequence[Invitation]:
        """Those that can still be used, by name."""

    def take(self, code: str, now: datetime) -> Invitation | None:
        """Use it up. None: no such code, used, or ended."""


class BreakGlass(Protocol):
    """Notes of who opened a patient of another team."""

    def note(self, patient_id: str, staff_id: str, *, reason: str, now: datetime, until: datetime) -> int: ...
    def is_open(self, patient_id: str, staff_id: str, now: datetime) -> bool: ...
    def unseen(self) -> Sequence[BrokenGlass]:
        """Those that no supervisor has seen, oldest first."""

    def see(self, note_id: int, by: str, now: datetime) -> None: ...


class Teams(Protocol):
    """Care teams: which of the staff and which patients belong together."""

    def add(self, name: str) -> Team:
        """ValueError: there is a team of that name already."""

    def get(self, team_id: str) -> Team:
        """LookupError: no such team."""

    def list(self) -> Sequence[Team]: ...
    def put_staff(self, staff_id: str, teams: Collection[str]) -> None:
        """From now on they are in these teams, and in no other."""

    def put_patient(self, patient_id: str, team_id: str, now: datetime) -> None: ...
    def of_patient(self, patient_id: str) -> frozenset[str]: ...
    def drop_patient(self, patient_id: str) -> None:
        """From now on no team looks after them."""

    def add_code(self, team_id: str, by: str, ends_at: datetime) -> str:
        """A one-time code that ties a patient to the team, told this once."""

    def take_code(self, code: str, patient_id: str, now: datetime) -> Team | None:
        """The patient typed it, and from now on nobody else can. None: no such code, another's, or ended."""

    def coded_for(self, patient_id: str, now: datetime) -> Team | None:
        """The team of the code that the patient typed and hasn't answered yet."""

    def drop_code(self, patient_id: str) -> None: ...


class Conversations(Protocol):
    """Talks as staff read them."""

    def listed(
        self,
        wanted: Wanted,
        *,
        staff_id: str,
        teams: Collection[str],
        teamless: bool,
        behind: Place | None,
        limit: int,
    ) -> Sequence[Conversation]:
        """The newest message of a patient's first, from behind that place.

        Of patients in these teams; with `teamless` also of those whom no team looks after.
        """

    def stretch(
        self, patient_id: str, *, behind: int | None = None, before: int | None = None, limit: int
    ) -> Stretch:
        """The first messages behind that seq, else the last before that seq, else the newest."""

    def seq_at(self, patient_id: str, moment: datetime) -> int | None:
        """The seq of the first message from that moment on; None: there is none."""

    def whole(self, patient_id: str) -> Iterable[Line]:
        """Every line, oldest first, a few hundred in memory at a time."""


class Margins(Protocol):
    """Notes, tags and what has been read, all beside a talk and never in it."""

    def of(self, patient_id: str, *, staff_id: str) -> Margin:
        """As that member of staff may see it. LookupError: no such patient."""

    def note(
        self,
        patient_id: str,
        message_id: str | None,
        *,
        by: str,
        by_name: str,
        text: str,
        shared: bool,
        now: datetime,
    ) -> int: ...
    def get_note(self, note_id: int) -> Note:
        """LookupError: no such note."""

    def share_note(self, note_id: int) -> None: ...
    def remove_note(self, note_id: int) -> None: ...
    def tag(self, patient_id: str, message_id: str | None, tag: str, *, by: str, now: datetime) -> None:
        """Once; tagging again changes nothing."""

    def untag(self, patient_id: str, message_id: str | None, tag: str) -> None: ...
    def known_tags(self) -> Sequence[str]: ...
    def read_upto(self, patient_id: str, staff_id: str, *, seq: int, later: bool) -> None:
        """`seq` 0: nothing is read; `later`: put aside, whatever is written."""

    def sent_by_hand(self, patient_id: str, message_id: str, *, by: str, by_name: str) -> None:
        """Who of the staff sent this outbound message."""


class UnitOfWork(Protocol):
    patients: Patients
    messages: Messages
    assessments: Assessments
    flags: Flags
    log: SymptomLog
    outbox: Outbox
    audit: Audit
    misses: Misses
    heartbeats: Heartbeats
    staff: Staff
    teams: Teams
    invitations: Invitations
    glass: BreakGlass
    conversations: Conversations
    margins: Margins

    def commit(self) -> None: ...


class Records(Protocol):
    def unit(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction: rolled back on leaving unless committed."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that only reads: it waits for nobody, and nobody for it. Nothing may be written in it."""

    def purge(self, now: datetime, retention: timedelta) -> Mapping[str, int]:
        """Remove what is older than `retention`, save consents, audit and flags; how many, by table."""

    def export(self, patient_id: str) -> Mapping[str, Any]:
        """Everything kept about a person, decrypted, as plain JSON values. LookupError: nobody of that id."""


@dataclass(frozen=True, slots=True)
class EngineTurn:
    """What the engine made of one message. `replies` are unscreened."""

    replies: tuple[Reply, ...]
    intent: str | None
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    flow: str | None


class EngineSilent(Exception):
    """The engine is down, too slow, or its answer can't be read."""


class EngineFailed(EngineSilent):
    """The engine is there, but this message broke its turn. Nothing of it is kept; it may be tried again."""


class Engine(Protocol):
    async def turn(
        self, patient_id: str, message_id: str, text: str, metadata: Mapping[str, object]
    ) -> EngineTurn:
        """Raises EngineSilent."""

    async def erase(self, patient_id: str) -> int: ...


class Screen(Protocol):
    """Extraction and triage together, assembled from content."""

    version: str

    def read(self, text: str) -> tuple[SymptomFact, ...]: ...
    def meaning(self, text: str) -> bytes | None:
        """The engine's own vector (float32) of a text just read, where reading it took the same model."""

    def is_english(self, text: str) -> bool:
        """False only where the words are clearly in another language: no sign in them would be found."""

    def fact(self, sign: str, text: str, region: str | None) -> SymptomFact:
        """A present sign named by a pressed button."""

    def judge(self, facts: Sequence[SymptomFact], history: History, now: datetime) -> Verdict: ...
    def judge_log(self, history: History, now: datetime) -> Verdict:
        """What the log alone says, for the moment something new stands in it."""

    def confirmed(self, verdict: Verdict, rules: Iterable[str], urgency: Urgency) -> Verdict:
        """The verdict together with the signs of a check that turned out to be meant."""

    def unanswered(self, rules: Iterable[str]) -> Verdict:
        """What a check is taken for that nobody answers: as urgent as the most urgent of its signs."""

    def soreness_asked_again_at(self, history: History, told_at: datetime) -> datetime:
        """When sore muscles that eased at `told_at` are asked about again."""

    def messages_for(self, verdict: Verdict) -> tuple[str, ...]:
        """Content ids of what to say to a verdict, in order; its question last."""


@dataclass(frozen=True, slots=True)
class Option:
    """One offered answer. `says`: further words for it. `sign`: the triage sign that choosing it reports.

    `green`: choosing it says that no sign is there today.
    """

    title: str
    value: str
    says: tuple[str, ...] = ()
    sign: str | None = None
    green: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """How a content entry's question may be answered. `form`: choice, number, text or time (HH:MM).

    `loose`: an option is also found inside a longer reply ("my physio Jane"). `one_word`: a single word of
    it is enough in a short reply ("walking down stairs").
    """

    id: str
    form: str
    options: tuple[Option, ...] = ()
    low: int | None = None
    high: int | None = None
    loose: bool = False
    one_word: bool = False


class Library(Protocol):
    def say(self, content_id: str, /, **variables: str) -> tuple[Reply, ...]:
        """The entry's bubbles in order, buttons on the last. KeyError: no such entry."""

    def vouches(self, reply: Reply) -> bool:
        """Whether this reply is word for word what `say` gives for its id and variables."""

    def question(self, content_id: str) -> Question | None: ...
    def why(self, content_id: str) -> tuple[Reply, ...]: ...
    def more(self, content_id: str) -> tuple[Reply, ...]: ...
    def tells_more(self, content_id: str) -> bool:
        """Whether `more` has something of its own to tell, besides the reason."""

    def short_form(self, text: str) -> str | None:
        """The intent behind a command or a short exact form (yes, thanks, back, why ...), or None."""

    def safe_replies(self) -> Mapping[str, str]:
        """What a clinician may send by hand: its title, by content id. It takes the variable `clinician`."""

    def number(self, name: str) -> float:
        """A clinical or operational figure from content, by name."""

    def countries(self) -> Mapping[str, Mapping[str, str]]:
        """What `country` knows, by code."""

    def country(self, code: str | None) -> Mapping[str, str]:
        """`name`, `zone`, `emergency`, `crisis` (numbers as words) for a country code or None."""
