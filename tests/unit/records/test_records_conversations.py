"""Conversations as staff list and read them, and what they put beside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from record_samples import NOW, Talk, reply
from sqlalchemy import text

from bot.facts.clinical import Level
from bot.facts.flags import REQUEST, FlagKind, FlagState, FlagStep
from bot.facts.review import Conversation, Place, Reading, Wanted
from bot.facts.talk import Button, Delivery, TurnState
from bot.records import NotInRecords, SqlRecords

MIGRATIONS = Path(__file__).parents[3] / "bot" / "records" / "migrations"
HOUR = timedelta(hours=1)
NURSE, DOCTOR = "nurse-1", "doctor-1"
ANY = Wanted()
YES_NO = (Button("Yes", "answer:adult=yes"), Button("No", "answer:adult=no"))


@pytest.fixture
def team(talk: Talk) -> str:
    return talk.unit.teams.add("Knees").id


def talk_of(talk: Talk, team: str, address: str, at: datetime = NOW) -> Talk:
    """Somebody of that team who wrote once."""
    other = Talk(talk.unit, address)
    other.unit.teams.put_patient(other.patient_id, team, NOW)
    other.hears(at=at)
    return other


def listed(
    talk: Talk, team: str, wanted: Wanted = ANY, *, behind: Place | None = None, limit: int = 50
) -> list[Conversation]:
    return [
        *talk.unit.conversations.listed(
            wanted, staff_id=NURSE, teams=[team], teamless=False, behind=behind, limit=limit
        )
    ]


def names(found: list[Conversation]) -> list[str]:
    return [conversation.patient_id for conversation in found]


def test_who_wrote_last_comes_first_and_pages_neither_repeat_nor_leave_out(talk: Talk, team: str) -> None:
    moments = [NOW, NOW + HOUR, NOW + HOUR, NOW - HOUR, NOW]
    made = [talk_of(talk, team, f"address-{n}", at) for n, at in enumerate(moments)]
    expected = sorted(((at, t.patient_id) for at, t in zip(moments, made, strict=True)), reverse=True)
    seen: list[Conversation] = []
    while page := listed(talk, team, behind=seen[-1].place if seen else None, limit=2):
        seen += page
    assert names(seen) == [patient for _, patient in expected]


def test_our_own_words_are_no_activity_of_the_patients(talk: Talk, team: str) -> None:
    first, second = talk_of(talk, team, "one"), talk_of(talk, team, "two", NOW + HOUR)
    first.says(reply(), at=NOW + 2 * HOUR)
    assert names(listed(talk, team)) == [second.patient_id, first.patient_id]
    assert listed(talk, team)[1].messages == 2


def test_only_patients_of_these_teams_are_listed_and_those_of_none_where_asked(talk: Talk, team: str) -> None:
    other = talk_of(talk, talk.unit.teams.add("Backs").id, "other")
    mine = talk_of(talk, team, "mine")
    talk.hears(at=NOW + HOUR)

    def of(teams: list[str], *, teamless: bool) -> list[str]:
        found = talk.unit.conversations.listed(
            Wanted(), staff_id=NURSE, teams=teams, teamless=teamless, behind=None, limit=9
        )
        return names([*found])

    assert of([team], teamless=False) == [mine.patient_id]
    assert of([team], teamless=True) == [talk.patient_id, mine.patient_id]
    assert of([], teamless=False) == []
    assert other.patient_id not in of([team], teamless=True)


def test_the_last_message_of_the_patient_is_asked_for_by_date(talk: Talk, team: str) -> None:
    early, late = talk_of(talk, team, "early"), talk_of(talk, team, "late", NOW + HOUR)
    assert names(listed(talk, team, Wanted(since=NOW + HOUR))) == [late.patient_id]
    assert names(listed(talk, team, Wanted(until=NOW + HOUR))) == [early.patient_id]


@pytest.mark.parametrize(
    ("judged", "highest"),
    [
        ([], Level.NONE),
        ([Level.NONE], Level.NONE),
        ([Level.CONTINUE, Level.ASSESS, Level.NONE], Level.ASSESS),
        ([Level.STOP, Level.CHECK], Level.STOP),
        ([Level.STOP, Level.CRISIS], Level.CRISIS),
    ],
)
def test_the_highest_level_is_told_and_found(
    talk: Talk, team: str, judged: list[Level], highest: Level
) -> None:
    patient = talk_of(talk, team, "one")
    for level in judged:
        patient.judges(level)
    assert [c.highest for c in listed(talk, team)] == [highest]
    found = {level for level in Level if listed(talk, team, Wanted(level=level))}
    assert found == {highest}


def test_what_stands_open_is_told_most_urgent_first(talk: Talk, team: str) -> None:
    patient = talk_of(talk, team, "one")
    closed = patient.judges(Level.CRISIS)
    patient.judges(Level.ASSESS)
    patient.judges(Level.STOP)
    talk.unit.assessments.close(closed, by="x", reason="y", now=NOW)
    (found,) = listed(talk, team)
    assert (found.highest, found.open) == (Level.CRISIS, (Level.STOP, Level.ASSESS))


def test_tags_of_talk_and_messages_are_asked_for_and_against(talk: Talk, team: str) -> None:
    tagged, plain = talk_of(talk, team, "tagged"), talk_of(talk, team, "plain")
    heard = tagged.hears()
    margins = talk.unit.margins
    for _ in range(2):
        margins.tag(tagged.patient_id, None, "call-back", by=NURSE, now=NOW)
        margins.tag(tagged.patient_id, heard.id, "odd-words", by=NURSE, now=NOW)
    margins.tag(plain.patient_id, None, "call-back", by=NURSE, now=NOW)
    assert set(names(listed(talk, team, Wanted(tags=("call-back",))))) == {
        tagged.patient_id,
        plain.patient_id,
    }
    assert names(listed(talk, team, Wanted(tags=("call-back", "odd-words")))) == [tagged.patient_id]
    assert names(listed(talk, team, Wanted(tags=("call-back",), without_tags=("odd-words",)))) == [
        plain.patient_id
    ]
    assert [c.tags for c in listed(talk, team) if c.patient_id == tagged.patient_id] == [
        ("call-back", "odd-words")
    ]
    assert margins.known_tags() == ["call-back", "odd-words"]
    beside = margins.of(tagged.patient_id, staff_id=NURSE)
    assert (beside.tags_on(None), beside.tags_on(heard.id)) == (["call-back"], ["odd-words"])
    margins.untag(tagged.patient_id, heard.id, "odd-words")
    assert listed(talk, team, Wanted(tags=("odd-words",))) == []


def test_what_was_said_is_found_by_content_and_version(talk: Talk, team: str) -> None:
    patient = talk_of(talk, team, "one")
    patient.says(reply("say_stop_chest"))
    wanted = [
        Wanted(content="say_stop_chest"),
        Wanted(content="say_stop_chest", version="0a1b2c3d"),
        Wanted(content="say_stop_chest", version="ffffffff"),
        Wanted(content="say_hello"),
    ]
    assert [bool(listed(talk, team, which)) for which in wanted] == [True, True, False, False]


def test_what_was_understood_is_found_by_intent_and_by_how_sure_it_was(talk: Talk, team: str) -> None:
    patient = talk_of(talk, team, "one")
    for intent, sure in (("pacing", 0.9), ("greet", 0.3)):
        understood = {"intent": intent, "confidence": sure}
        talk.unit.messages.set_state(patient.hears().id, TurnState.ANSWERED, understood)
    wanted = {
        Wanted(intent="pacing"): True,
        Wanted(intent="thanks"): False,
        Wanted(intent="pacing", sure_to=0.5): False,
        Wanted(sure_from=0.2, sure_to=0.3): True,
        Wanted(sure_from=0.4, sure_to=0.8): False,
        Wanted(sure_from=0.9): True,
        Wanted(sure_from=0.91): False,
    }
    assert {which: bool(listed(talk, team, which)) for which in wanted} == wanted


def test_words_that_are_erased_take_what_was_understood_along(talk: Talk, team: str) -> None:
    patient = talk_of(talk, team, "one")
    heard = patient.hears("secret", erase_at=NOW)
    talk.unit.messages.set_state(heard.id, TurnState.ANSWERED, {"intent": "pacing", "confidence": 0.9})
    assert listed(talk, team, Wanted(intent="pacing"))
    talk.unit.messages.erase_due_text(NOW)
    assert listed(talk, team, Wanted(intent="pacing")) == []


def test_each_member_of_staff_has_a_reading_of_their_own(talk: Talk, team: str) -> None:
    patient = talk_of(talk, team, "one")

    def is_reading(staff_id: str = NURSE) -> Reading:
        reading = talk.unit.margins.of(patient.patient_id, staff_id=staff_id).reading
        if staff_id == NURSE:
            assert [c.reading for c in listed(talk, team)] == [reading]
            assert {r for r in Reading if listed(talk, team, Wanted(reading=r))} == {reading}
        return reading

    def reads(seq: int, *, later: bool = False) -> None:
        talk.unit.margins.read_upto(patient.patient_id, NURSE, seq=seq, later=later)

    assert is_reading() is Reading.UNREAD
    reads(1)
    assert is_reading() is Reading.REVIEWED
    assert is_reading(DOCTOR) is Reading.UNREAD
    patient.says(reply())
    assert is_reading() is Reading.REVIEWED
    patient.hears()
    assert is_reading() is Reading.UNREAD
    reads(0, later=True)
    assert is_reading() is Reading.LATER
    reads(0)
    assert is_reading() is Reading.UNREAD


def test_whoever_asks_for_a_person_is_found_until_that_is_settled(talk: Talk, team: str) -> None:
    asking = talk_of(talk, team, "asking")
    talk_of(talk, team, "other")
    flag = talk.unit.flags.raise_(
        asking.patient_id,
        level=REQUEST,
        kind=FlagKind.REQUEST,
        urgency="soon",
        summary="talk_to_clinician",
        assessment_id=None,
        now=NOW,
    )
    assert names(listed(talk, team, Wanted(asks_human=True))) == [asking.patient_id]
    assert {c.patient_id for c in listed(talk, team) if c.asks_human} == {asking.patient_id}
    for becomes in (FlagState.ACKNOWLEDGED, FlagState.IN_PROGRESS, FlagState.RESOLVED):
        assert names(listed(talk, team, Wanted(asks_human=True))) == [asking.patient_id]
        kept = talk.unit.flags.get(flag)
        assert kept is not None
        talk.unit.flags.take(kept, FlagStep(NOW, "Dr Ames", kept.state, becomes, "contacted", "called"))
    assert listed(talk, team, Wanted(asks_human=True)) == []


# One conversation


def numbers(talk: Talk, **where: int) -> tuple[list[int], bool, bool]:
    found = talk.unit.conversations.stretch(talk.patient_id, limit=3, **where)
    return [line.message.seq for line in found.lines], found.before, found.behind


def test_a_talk_is_paged_in_both_directions_and_tells_what_is_beyond(talk: Talk) -> None:
    assert numbers(talk) == ([], False, False)
    for _ in range(7):
        talk.hears()
    assert numbers(talk) == ([5, 6, 7], True, False)
    assert numbers(talk, before=5) == ([2, 3, 4], True, True)
    assert numbers(talk, before=2) == ([1], False, True)
    assert numbers(talk, behind=0) == ([1, 2, 3], False, True)
    assert numbers(talk, behind=4) == ([5, 6, 7], True, False)
    assert [line.message.seq for line in talk.unit.conversations.whole(talk.patient_id)] == [*range(1, 8)]


def test_a_moment_leads_to_the_first_message_from_then_on(talk: Talk) -> None:
    for hours in range(3):
        talk.hears(at=NOW + hours * HOUR)
    seq_at = talk.unit.conversations.seq_at
    assert [seq_at(talk.patient_id, NOW + hours * HOUR) for hours in (-1, 1, 1.5, 3)] == [1, 2, 3, None]


def test_the_button_that_was_pressed_is_told_from_the_others(talk: Talk) -> None:
    asked = talk.says(reply(asks="adult", buttons=YES_NO))
    again = talk.says(reply(asks="adult", buttons=YES_NO))
    other = Talk(talk.unit, "other")
    other.says(reply(asks="adult", buttons=YES_NO))
    (_, token), _ = asked.buttons
    taken = talk.unit.messages.take_token(talk.patient_id, token, NOW + HOUR)
    assert taken is not None
    talk.unit.messages.receive(
        talk.patient_id,
        text=taken.title,
        payload=taken.payload,
        door_key=None,
        now=NOW + HOUR,
        erase_at=None,
    )
    shown = {
        line.message.id: [(button.title, button.pressed) for button in line.offered]
        for line in talk.unit.conversations.stretch(talk.patient_id, limit=9).lines
    }
    assert shown[asked.id] == [("Yes", True), ("No", False)]
    assert shown[again.id] == [("Yes", False), ("No", False)]
    (theirs,) = other.unit.conversations.stretch(other.patient_id, limit=9).lines
    assert not any(button.pressed for button in theirs.offered)


def test_a_line_holds_verdict_facts_delivery_and_who_sent_it(talk: Talk) -> None:
    heard = talk.hears("chest pain")
    talk.judges(Level.STOP, of=heard, words="chest pain")
    said = talk.says(reply(), to=heard)
    talk.unit.outbox.failed(said.id, error="blocked", retry_at=None)
    talk.unit.margins.sent_by_hand(talk.patient_id, said.id, by=NURSE, by_name="Nurse Ames")
    first, second = talk.unit.conversations.stretch(talk.patient_id, limit=9).lines
    (judged,) = first.judged
    assert (judged.verdict.level, judged.content_version) == (Level.STOP, "v1")
    assert [(f.sign, f.evidence[0].text) for f in judged.facts] == [("chest_pain", "chest pain")]
    assert first.carried is None
    assert second.carried is not None
    assert (second.carried.state, second.carried.tries, second.carried.error) == (
        Delivery.FAILED,
        1,
        "blocked",
    )
    assert (first.sent_by, second.sent_by) == (None, "Nurse Ames")


# Notes


def write(talk: Talk, words: str = "seems low", *, shared: bool = False, on: str | None = None) -> int:
    return talk.unit.margins.note(
        talk.patient_id, on, by=NURSE, by_name="Nurse Ames", text=words, shared=shared, now=NOW
    )


def test_a_note_is_seen_by_its_writer_alone_until_it_is_shared(talk: Talk) -> None:
    heard = talk.hears()
    note = write(talk, on=heard.id)

    def seen_by(staff_id: str) -> list[str]:
        margin = talk.unit.margins.of(talk.patient_id, staff_id=staff_id)
        return [note.text for note in margin.notes_on(heard.id)]

    assert (seen_by(NURSE), seen_by(DOCTOR)) == (["seems low"], [])
    talk.unit.margins.share_note(note)
    assert seen_by(DOCTOR) == ["seems low"]
    talk.unit.margins.remove_note(note)
    assert seen_by(NURSE) == []
    with pytest.raises(NotInRecords):
        talk.unit.margins.get_note(note)


def test_a_note_outlives_the_message_it_stood_beside_and_tags_of_it_go(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        heard = talk.hears(at=NOW - 9 * HOUR)
        write(talk, on=heard.id)
        unit.margins.tag(talk.patient_id, heard.id, "odd", by=NURSE, now=NOW)
        unit.commit()
    records.purge(NOW, HOUR)
    with records.unit() as unit:
        beside = unit.margins.of(talk.patient_id, staff_id=NURSE)
        assert [note.text for note in beside.notes_on(None)] == ["seems low"]
        assert beside.tags == ()


def test_what_was_understood_before_there_were_lists_can_be_asked_for_too(
    talk: Talk, team: str, records: SqlRecords
) -> None:
    patient = talk_of(talk, team, "one")
    for intent in ("pacing", None):
        understood = {"intent": intent, "confidence": 0.75}
        talk.unit.messages.set_state(patient.hears().id, TurnState.ANSWERED, understood)
    talk.unit.commit()
    (step,) = (MIGRATIONS / "versions").glob("r*_transcripts.py")
    with records._engine.begin() as connection:
        connection.execute(text("UPDATE messages SET intent = NULL, confidence = NULL"))
        import_module(f"bot.records.migrations.versions.{step.stem}").fill_intents(connection)
    assert listed(talk, team, Wanted(intent="pacing", sure_from=0.75, sure_to=0.75))
