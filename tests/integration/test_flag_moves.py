"""What happens with a flag once it is raised: staff take steps, the clock escalates, the patient is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from message_house import CLINICIAN, House

from bot.facts.clinical import Level
from bot.facts.flags import Flag, FlagKind, FlagState, FlagStep
from bot.facts.staff import Actor, Role
from bot.facts.talk import Kind
from bot.usecases.access import Refused
from bot.usecases.flag_moves import CLEARED

STOP = "I've got a tight pain in my chest"
CRISIS = "I want to end my life"
UNCLEAR = "I feel weird in my chest"
MINUTE = timedelta(minutes=1)
STRANGER = Actor("s2", "Dr. Low", frozenset({Role.CLINICIAN}), frozenset({"hands"}))
CLEARING = frozenset(CLEARED.values())


def told(ids: list[str]) -> list[str]:
    return [content_id for content_id in ids if content_id in CLEARING]


def steps(house: House, flag: Flag) -> list[FlagStep]:
    with house.records.reading() as uow:
        return list(uow.flags.steps(flag.id))


def all_flags(house: House) -> list[Flag]:
    with house.records.reading() as uow:
        return list(uow.flags.list(open_only=False))


@pytest.mark.parametrize(
    ("words", "says"), [(STOP, "clinician_cleared_stop"), (CRISIS, "clinician_cleared_crisis")]
)
async def test_the_patient_is_told_once_that_a_stop_or_a_crisis_is_cleared(
    house: House, words: str, says: str
) -> None:
    person = house.patient(clinician="yes")
    await person.send(words)
    (flag,) = house.flags()
    house.moves.take(CLINICIAN, flag.id, "acknowledge")
    assert told(person.ids) == []
    house.moves.take(CLINICIAN, flag.id, "resolve", outcome="spoke", note="rang them")
    with pytest.raises(ValueError, match="resolved"):
        house.moves.take(CLINICIAN, flag.id, "resolve", outcome="spoke", note="rang them")
    await house.round()
    assert told(person.ids) == [says]
    assert [parcel.message.content_id for parcel in house.outbox()][-1] == says
    assert person.levels == []


async def test_nothing_is_told_while_another_alarm_stands(house: House) -> None:
    person = house.patient()
    await person.send(STOP)
    await person.send(CRISIS)
    stop, crisis = house.flags()
    house.clears(crisis)
    assert (told(person.ids), person.levels) == ([], [Level.STOP])
    house.clears(stop)
    assert (told(person.ids), person.levels) == (["clinician_cleared_stop"], [])


async def test_what_the_patient_settled_themselves_is_not_told_again(house: House) -> None:
    person = house.patient()
    await person.send(STOP)
    person.is_asked("ask_care_sought")
    assert await person.press("Yes, I was seen") == ["stop_cleared"]
    house.clears(house.flags()[0])
    assert told(person.ids) == []


async def test_the_words_of_clearing_are_dropped_where_a_new_alarm_came_before_they_left(
    house: House,
) -> None:
    person = house.patient()
    await person.send(STOP)
    house.outbox()
    house.clears(house.flags()[0])
    house.clock.skip(MINUTE)
    await person.send(CRISIS)
    letters = [house.post.letter(parcel) for parcel in house.post.due(house.door, 10, ())]
    left = {letter.message.content_id for letter in letters if letter}
    assert "say_crisis" in left
    assert not left & CLEARING


async def test_the_standing_question_goes_with_the_stop(house: House) -> None:
    person = house.patient()
    await person.send(STOP)
    person.is_asked("ask_care_sought")
    token = person.token("Yes, I was seen")
    house.clears(house.flags()[0])
    assert await person.say(token=token) == ["used_button"]


async def test_a_check_that_a_clinician_clears_is_asked_no_more(house: House) -> None:
    person = house.patient()
    await person.send(UNCLEAR)
    house.clock.skip(timedelta(hours=1))
    await house.round()
    (flag,) = house.flags()
    assert flag.kind is FlagKind.UNANSWERED
    house.clears(flag)
    assert (told(person.ids), person.levels) == (["clinician_cleared_stop"], [])


async def test_a_flag_of_another_team_is_not_theirs_to_move(house: House) -> None:
    await house.patient().send(STOP)
    (flag,) = house.flags()
    with pytest.raises(Refused):
        house.moves.take(STRANGER, flag.id, "acknowledge")
    with pytest.raises(LookupError):
        house.moves.take(CLINICIAN, flag.id + 1, "acknowledge")
    assert house.flags() == [flag]


async def test_who_does_not_care_for_patients_moves_no_flag_even_in_the_team(house: House) -> None:
    await house.patient().send(STOP)
    (flag,) = house.flags()
    author = Actor("s3", "Ann", frozenset({Role.AUTHOR, Role.ADMINISTRATOR}), CLINICIAN.teams)
    with pytest.raises(Refused):
        house.moves.take(author, flag.id, "acknowledge")
    with pytest.raises(Refused):
        house.moves.dismiss_many(author, [flag.id], outcome="past", note="x")
    assert house.flags() == [flag]


@pytest.mark.parametrize(
    ("move", "outcome", "note"),
    [("resolve", "spoke", "x"), ("begin", "", ""), ("delete", "", ""), ("escalate", "", "")],
)
async def test_an_illegal_move_changes_nothing(house: House, move: str, outcome: str, note: str) -> None:
    person = house.patient()
    await person.send(STOP)
    (flag,) = house.flags()
    with pytest.raises(ValueError, match="is new"):
        house.moves.take(CLINICIAN, flag.id, move, outcome=outcome, note=note)
    assert house.flags() == [flag]
    assert steps(house, flag) == []
    assert person.levels == [Level.STOP]


@pytest.mark.parametrize(("outcome", "note"), [("", "x"), ("spoke", " "), ("guessed", "x")])
async def test_an_end_needs_a_known_outcome_and_a_note(house: House, outcome: str, note: str) -> None:
    await house.patient().send(STOP)
    (flag,) = house.flags()
    with pytest.raises(ValueError, match="outcome"):
        house.moves.end(CLINICIAN, flag.id, "resolve", outcome=outcome, note=note)
    assert house.flags() == [flag]


async def test_every_step_is_kept_with_who_and_when_and_audited(house: House) -> None:
    person = house.patient()
    await person.send(STOP)
    (flag,) = house.flags()
    house.moves.take(CLINICIAN, flag.id, "acknowledge")
    house.moves.take(CLINICIAN, flag.id, "begin", note="calling")
    house.moves.take(CLINICIAN, flag.id, "dismiss", outcome="past", note="an old film")
    kept = steps(house, flag)
    assert [(s.becomes.value, s.actor, s.outcome, s.note) for s in kept] == [
        ("acknowledged", "Dr. Ng", None, None),
        ("in_progress", "Dr. Ng", None, "calling"),
        ("not_relevant", "Dr. Ng", "past", "an old film"),
    ]
    assert [s.at for s in kept] == sorted(s.at for s in kept)
    audit = [(line["actor"], line["action"]) for line in house.records.export(person.id)["audit"]]
    assert audit == [("s1", "flag.acknowledge"), ("s1", "flag.begin"), ("s1", "flag.dismiss")]


async def test_an_overdue_flag_is_escalated_once_for_each_deadline(house: House) -> None:
    seen = timedelta(minutes=house.library.number("flag_seen_now_minutes"))
    ended = timedelta(minutes=house.library.number("flag_ended_now_minutes"))
    await house.patient().send(STOP)
    (flag,) = house.flags()

    async def later(span: timedelta) -> list[str]:
        house.clock.skip(span)
        await house.round()
        return [step.becomes.value for step in steps(house, flag)]

    assert await later(seen - MINUTE) == []
    assert await later(2 * MINUTE) == ["escalated"]
    assert await later(seen) == ["escalated"]
    house.moves.take(CLINICIAN, flag.id, "acknowledge")
    assert await later(ended - MINUTE) == ["escalated", "acknowledged"]
    assert await later(2 * MINUTE) == ["escalated", "acknowledged", "escalated"]
    assert steps(house, flag)[0].actor == "clock"


async def test_a_clock_that_was_set_back_holds_up_no_escalation(house: House) -> None:
    await house.patient().send(STOP)
    house.clock.skip(-timedelta(hours=5))
    await house.round()
    assert house.flags()[0].state is FlagState.ESCALATED


async def test_who_falls_silent_is_flagged_once_for_each_silence(house: House) -> None:
    days = timedelta(days=house.library.number("no_data_days"))
    person = house.patient(reminder="09:00")
    await person.send("good morning")
    with house.records.unit() as uow:
        uow.patients.remind_at(person.id, house.clock())
        uow.commit()

    async def kinds(span: timedelta) -> list[FlagKind]:
        house.clock.skip(span)
        await house.round()
        return [flag.kind for flag in house.flags()]

    assert await kinds(days - timedelta(hours=2)) == []
    assert await kinds(timedelta(hours=4)) == [FlagKind.NO_DATA]
    assert await kinds(days) == [FlagKind.NO_DATA]
    await person.send("good morning")
    assert await kinds(days - timedelta(hours=2)) == [FlagKind.NO_DATA]
    assert await kinds(timedelta(hours=4)) == [FlagKind.NO_DATA] * 2


async def test_somebody_who_wants_no_reminder_is_not_missed(house: House) -> None:
    await house.patient().send("good morning")
    house.clock.skip(timedelta(days=60))
    await house.round()
    assert house.flags() == []


async def test_flags_of_the_lowest_level_alone_are_ended_together(house: House) -> None:
    person = house.patient()
    await person.send(STOP)
    with house.records.unit() as uow:
        gaps = [
            uow.flags.raise_(
                person.id,
                level="no_data",
                urgency="soon",
                summary="no word",
                assessment_id=None,
                now=house.clock(),
                kind=FlagKind.NO_DATA,
            )
            for _ in range(2)
        ]
        uow.commit()
    stop = house.flags()[0]
    with pytest.raises(ValueError, match="lowest level"):
        house.moves.dismiss_many(CLINICIAN, [*gaps, stop.id], outcome="past", note="on holiday")
    assert len(house.flags()) == 3
    assert house.moves.dismiss_many(CLINICIAN, gaps, outcome="past", note="on holiday") == 2
    assert house.flags() == [stop]


async def test_a_round_shows_that_the_clock_goes(house: House) -> None:
    await house.round()
    first = house.clock()
    house.clock.skip(MINUTE)
    await house.round()
    with house.records.reading() as uow:
        beats = uow.heartbeats.last()
    assert set(beats) == {"scheduler", "late answers"}
    assert all(at > first for at in beats.values())


async def test_what_raised_a_flag_is_told_by_its_kind(house: House) -> None:
    person = house.patient()
    await person.send(STOP)
    house.clock.skip(timedelta(days=2))
    await house.round()
    parcel = next(p for p in house.post.due(house.door, 10, ()) if p.message.kind is Kind.SAFETY)
    house.post.give_up(parcel, "blocked")
    assert [flag.kind for flag in all_flags(house)] == [
        FlagKind.SIGN,
        FlagKind.SILENCE,
        FlagKind.UNDELIVERED,
    ]
