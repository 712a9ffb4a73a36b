"""Verdicts, flags, sign checks and the symptom log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from record_samples import NOW, Talk, fact, verdict

from bot.facts.clinical import Level, SessionEntry, Urgency, Verdict
from bot.records import NotInRecords, SqlRecords

LATER = NOW + timedelta(hours=1)


def test_a_verdict_comes_back_as_it_was_given(talk: Talk) -> None:
    heard = talk.hears("chest pain")
    given = verdict(Level.STOP, region="chest")
    talk.unit.assessments.add(talk.patient_id, heard.id, [fact()], given, content_version="v1", now=NOW)
    talk.unit.commit()
    assert talk.unit.assessments.for_message(heard.id) == given
    assert talk.unit.assessments.for_message("another") is None


@pytest.mark.parametrize("level", list(Level))
def test_only_levels_that_ask_for_something_stay_open(talk: Talk, level: Level) -> None:
    assessment = talk.judges(level)
    found = [(a.id, a.level) for a in talk.unit.assessments.open_for(talk.patient_id)]
    settled = level in {Level.CONTINUE, Level.NONE}
    assert found == ([] if settled else [(assessment, level)])
    assert talk.unit.assessments.last_green_and_alarm(talk.patient_id)[1] == (None if settled else NOW)


def test_an_open_assessment_names_rules_regions_and_its_question(talk: Talk) -> None:
    talk.unit.assessments.add(
        talk.patient_id, None, [], verdict(Level.ASSESS, region="knee"), content_version="v1", now=NOW
    )
    (standing,) = talk.unit.assessments.open_for(talk.patient_id)
    assert (standing.rules, standing.regions, standing.question) == (("chest_pain",), ("knee",), "ask_check")
    assert (standing.at, standing.urgency, standing.reminded_at) == (NOW, Urgency.NOW, None)


def test_the_first_closing_stands(talk: Talk, records: SqlRecords) -> None:
    assessment = talk.judges(Level.STOP)
    talk.unit.assessments.close(assessment, by="patient", reason="seen by GP", now=LATER)
    talk.unit.assessments.close(assessment, by="somebody", reason="else", now=LATER)
    assert talk.unit.assessments.open_for(talk.patient_id) == []
    assert talk.unit.assessments.last_green_and_alarm(talk.patient_id)[1] == NOW
    talk.unit.commit()
    (kept,) = records.export(talk.patient_id)["assessments"]
    assert (kept["closed_by"], kept["closed_reason"]) == ("patient", "seen by GP")
    with pytest.raises(NotInRecords):
        talk.unit.assessments.close(99, by="x", reason="y", now=LATER)


def test_open_assessments_of_a_level_are_found_for_everyone(talk: Talk) -> None:
    other = Talk(talk.unit, "conversation-2")
    old, new = talk.judges(Level.ASSESS, at=NOW), other.judges(Level.ASSESS, at=LATER)
    talk.judges(Level.STOP, at=NOW)
    find = talk.unit.assessments.all_open
    assert [(who, a.id) for who, a in find(Level.ASSESS)] == [
        (talk.patient_id, old),
        (other.patient_id, new),
    ]
    talk.unit.assessments.remind(old, LATER)
    assert find(Level.ASSESS)[0][1].reminded_at == LATER


def test_what_was_closed_for_one_reason_is_found_for_everyone(talk: Talk) -> None:
    closed, other, early = (talk.judges(Level.ASSESS) for _ in range(3))
    for assessment, reason, at in ((closed, "eased", LATER), (other, "seen", LATER), (early, "eased", NOW)):
        talk.unit.assessments.close(assessment, by="patient", reason=reason, now=at)
    find = talk.unit.assessments.closed_because
    assert [a.id for _, a in find(Level.ASSESS, "eased", LATER)] == [closed]
    assert find(Level.STOP, "eased", NOW) == []


def test_the_newest_green_check_counts(talk: Talk) -> None:
    assert talk.unit.assessments.last_green_and_alarm(talk.patient_id)[0] is None
    for at in (LATER, NOW):
        talk.unit.assessments.record_green(talk.patient_id, None, at)
    assert talk.unit.assessments.last_green_and_alarm(talk.patient_id)[0] == LATER


def test_a_log_entry_happens_once_for_each_message(talk: Talk) -> None:
    log = talk.unit.log
    for pain in (3, 9):
        log.add_pain(talk.patient_id, pain=pain, region="knee", message_id="m1", now=NOW)
    walk = SessionEntry(NOW, "walk", 10, "knee", 4, True)
    for _ in range(2):
        log.add_session(talk.patient_id, walk, message_id="m1")
    log.add_pain(talk.patient_id, pain=5, region=None, message_id="m2", now=LATER)
    history = log.history(talk.patient_id, NOW)
    assert [(entry.pain, entry.region) for entry in history.pains] == [(3, "knee"), (5, None)]
    assert history.sessions == (walk,)


@pytest.mark.parametrize(("pain", "fits"), [(-1, False), (0, True), (10, True), (11, False)])
def test_pain_is_kept_between_0_and_10_only(talk: Talk, pain: int, fits: bool) -> None:
    def add() -> None:
        talk.unit.log.add_pain(talk.patient_id, pain=pain, region=None, message_id="m", now=NOW)
        talk.unit.log.add_session(talk.patient_id, SessionEntry(NOW, "walk", pain_after=pain), message_id="m")

    if fits:
        add()
        assert [e.pain for e in talk.unit.log.pains(talk.patient_id, NOW)] == [pain]
    else:
        with pytest.raises(ValueError, match="0 to 10"):
            add()


def test_history_begins_where_asked_and_keeps_what_still_stands(talk: Talk) -> None:
    long_ago = datetime(2025, 1, 1, tzinfo=UTC)
    other = Talk(talk.unit, "conversation-2")
    other.judges(Level.STOP)
    for at, name in ((long_ago, "old"), (NOW, "new")):
        talk.unit.log.add_pain(talk.patient_id, pain=4, region=None, message_id=f"{name}1", now=at)
        talk.unit.log.add_session(talk.patient_id, SessionEntry(at, name), message_id=f"{name}2")
        talk.judges(Level.CONTINUE, at=at)
        talk.judges(Level.NONE, at=at)
    talk.judges(Level.ASSESS, at=long_ago)
    history = talk.unit.log.history(talk.patient_id, NOW)
    assert [entry.at for entry in history.pains] == [NOW]
    assert [entry.exercise for entry in history.sessions] == ["new"]
    assert [(v.at, v.level, v.closed_at) for v in history.verdicts] == [
        (long_ago, Level.ASSESS, None),
        (NOW, Level.CONTINUE, NOW),
    ]
    assert history.verdicts[0].rules == ("chest_pain",)


def test_a_verdict_without_reasons_can_be_kept(talk: Talk) -> None:
    heard = talk.hears()
    nothing = Verdict(Level.NONE, Urgency.NONE)
    talk.unit.assessments.add(talk.patient_id, heard.id, [], nothing, content_version="v1", now=NOW)
    assert talk.unit.assessments.for_message(heard.id) == nothing
