"""Patients, messages, buttons and questions, as the use cases work with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from record_samples import NOW, Database, Talk, reply, satisfies_the_ports

from bot.facts.talk import Button, Kind, Standing, TurnState
from bot.records import NotInRecords, SqlRecords
from bot.usecases.ports import Offered

YES_NO = (Button("Yes", "answer:adult=yes"), Button("No", "answer:adult=no"))


def test_the_records_are_what_the_use_cases_need(database: Database) -> None:
    assert satisfies_the_ports(database.open()) is not None


def test_a_person_is_found_by_door_and_address_only(talk: Talk) -> None:
    patients = talk.unit.patients
    assert patients.at_door("web", "conversation-1") == patients.get(talk.patient_id)
    assert patients.at_door("terminal", "conversation-1") is None
    assert patients.at_door("web", "conversation-2") is None
    assert patients.address_of(talk.patient_id) == "conversation-1"


def test_enrolling_the_same_address_again_gives_the_same_person(talk: Talk) -> None:
    assert talk.unit.patients.enrol("web", "conversation-1", NOW).id == talk.patient_id


def test_an_unknown_person_or_message_is_told(talk: Talk) -> None:
    with pytest.raises(NotInRecords):
        talk.unit.patients.get("nobody")
    with pytest.raises(LookupError):
        talk.unit.messages.get("nothing")


def test_the_profile_is_merged_and_none_forgets(talk: Talk) -> None:
    talk.unit.patients.remember(talk.patient_id, {"region": "knee", "zone": "Europe/London"})
    talk.unit.patients.remember(talk.patient_id, {"region": None, "country": "GB"})
    assert talk.unit.patients.get(talk.patient_id).profile == {"zone": "Europe/London", "country": "GB"}


def test_a_transaction_that_was_not_committed_leaves_nothing(records: SqlRecords) -> None:
    with records.unit() as unit:
        unit.patients.enrol("web", "gone", NOW)
    with records.unit() as unit:
        assert unit.patients.at_door("web", "gone") is None


def test_a_transaction_that_failed_leaves_nothing(records: SqlRecords) -> None:
    def fail() -> None:
        with records.unit() as unit:
            unit.patients.enrol("web", "gone", NOW)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail()
    with records.unit() as unit:
        assert unit.patients.at_door("web", "gone") is None


def test_times_come_back_aware_and_in_utc(talk: Talk) -> None:
    heard = talk.hears("hi", at=NOW.astimezone(tz=None))
    talk.unit.commit()
    kept = talk.unit.messages.get(heard.id).at
    assert kept == NOW
    assert kept.utcoffset() == timedelta(0)


def test_the_same_door_key_is_stored_once(talk: Talk) -> None:
    def receive(text: str) -> tuple[str, bool]:
        message, new = talk.unit.messages.receive(
            talk.patient_id, text=text, payload=None, door_key="update-7", now=NOW, erase_at=None
        )
        return message.text or "", new

    assert receive("chest pain") == ("chest pain", True)
    assert receive("chest pain again") == ("chest pain", False)
    assert len(talk.unit.messages.transcript(talk.patient_id)) == 1


def test_a_door_key_never_hands_out_another_persons_message(talk: Talk) -> None:
    other = Talk(talk.unit, "conversation-2")
    for who, words in ((talk, "mine"), (other, "yours")):
        message, new = talk.unit.messages.receive(
            who.patient_id, text=words, payload=None, door_key="key", now=NOW, erase_at=None
        )
        assert (message.text, new) == (words, True)


def test_messages_without_a_door_key_are_each_kept(talk: Talk) -> None:
    assert [talk.hears("again").seq for _ in range(3)] == [1, 2, 3]


def test_a_message_is_unscreened_then_unanswered_then_done(talk: Talk) -> None:
    messages = talk.unit.messages
    heard = talk.hears("hi")
    later = NOW + timedelta(seconds=1)
    assert [m.id for m in messages.unscreened(later)] == [heard.id]
    assert messages.unscreened(NOW) == []
    assert messages.unanswered(talk.patient_id) == []
    for state in (TurnState.SCREENED, TurnState.WAITING):
        messages.set_state(heard.id, state)
        assert [m.id for m in messages.unanswered(talk.patient_id)] == [heard.id]
        assert messages.unscreened(later) == []
    messages.set_state(heard.id, TurnState.ANSWERED)
    assert messages.unanswered(talk.patient_id) == []


def test_what_was_understood_grows_and_is_never_lost(talk: Talk) -> None:
    heard = talk.hears("knee")
    talk.unit.messages.set_state(heard.id, TurnState.SCREENED, {"slot": "region", "value": "knee"})
    talk.unit.messages.set_state(heard.id, TurnState.WAITING)
    talk.unit.messages.set_state(heard.id, TurnState.ANSWERED, {"intent": "answer"})
    understood = talk.unit.messages.get(heard.id).understanding
    assert understood == {"slot": "region", "value": "knee", "intent": "answer"}


def test_a_reply_is_kept_with_its_content_and_its_buttons(talk: Talk) -> None:
    heard = talk.hears()
    said = talk.says(reply("ask_adult", kind=Kind.QUESTION, asks="adult", buttons=YES_NO), to=heard)
    kept = talk.unit.messages.get(said.id)
    assert kept == said
    assert (kept.content_id, kept.content_version, kept.kind) == ("ask_adult", "0a1b2c3d", Kind.QUESTION)
    assert (kept.asks, kept.in_reply_to, kept.seq) == ("adult", heard.id, 2)
    assert [title for title, _ in kept.buttons] == ["Yes", "No"]
    assert all(len(token) <= 43 for _, token in kept.buttons)
    assert talk.unit.messages.replies_to(heard.id) == [said]
    assert talk.unit.messages.last_said(talk.patient_id) == replace(said, buttons=())


def test_a_button_works_once_and_uses_up_its_neighbours(talk: Talk) -> None:
    said = talk.says(reply(buttons=YES_NO))
    (_, yes), (_, no) = said.buttons
    take = talk.unit.messages.take_token
    assert take(talk.patient_id, yes, NOW) == Offered("Yes", "answer:adult=yes")
    assert take(talk.patient_id, yes, NOW) is None
    assert take(talk.patient_id, no, NOW) is None
    assert talk.unit.messages.get(said.id).buttons == ()


def test_a_forged_or_foreign_token_opens_nothing_and_uses_up_nothing(talk: Talk) -> None:
    other = Talk(talk.unit, "conversation-2")
    token = talk.says(reply(buttons=YES_NO)).buttons[0][1]
    take = talk.unit.messages.take_token
    assert take(other.patient_id, token, NOW) is None
    for forged in ("forged", "", "\0", "\ud800", f"{token}\0"):
        assert take(talk.patient_id, forged, NOW) is None
    assert take(talk.patient_id, token, NOW) is not None


def test_the_title_of_a_button_of_the_newest_message_with_buttons_finds_it(talk: Talk) -> None:
    other = Talk(talk.unit, "conversation-2")
    find = talk.unit.messages.offered_as
    assert find(talk.patient_id, "Yes") is None
    talk.says(reply(buttons=YES_NO))
    newest = talk.says(reply(buttons=(Button("Carry on", "do:resume_flow"),)))
    token = newest.buttons[0][1]
    assert find(talk.patient_id, " carry ON ") == token
    assert find(talk.patient_id, "Yes") is None
    assert find(talk.patient_id, "carry on please") is None
    assert find(other.patient_id, "Carry on") is None
    talk.unit.messages.take_token(talk.patient_id, token, NOW)
    assert find(talk.patient_id, "Carry on") is None
    assert find(talk.patient_id, "Yes") is not None


def test_after_a_stop_old_buttons_and_questions_are_dead_but_new_ones_live(talk: Talk) -> None:
    messages = talk.unit.messages
    other = Talk(talk.unit, "conversation-2")
    theirs = other.says(reply(asks="adult", buttons=YES_NO))
    old = talk.says(reply(asks="adult", buttons=YES_NO))
    messages.drop_offers(talk.patient_id)
    assert messages.take_token(talk.patient_id, old.buttons[0][1], NOW) is None
    assert messages.get(old.id).buttons == ()
    assert messages.open_question(talk.patient_id) is None
    assert messages.open_question(other.patient_id) == replace(theirs, buttons=())
    new = talk.says(reply("ask_check", asks="check", buttons=YES_NO))
    assert messages.open_question(talk.patient_id) == replace(new, buttons=())
    assert messages.take_token(talk.patient_id, new.buttons[0][1], NOW) is not None


def test_a_question_stays_open_through_a_digression_until_it_is_answered(talk: Talk) -> None:
    messages = talk.unit.messages
    asked = talk.says(reply("ask_region", asks="region"))
    digression = talk.hears("is it safe to walk?")
    messages.set_state(digression.id, TurnState.ANSWERED, {"intent": "hurt_vs_harm"})
    talk.says(reply("say_safe"), to=digression)
    assert messages.open_question(talk.patient_id) == asked
    answer = talk.hears("knee")
    messages.set_state(answer.id, TurnState.ANSWERED, {"answered": asked.id})
    assert messages.open_question(talk.patient_id) is None


def test_an_answered_question_does_not_bring_an_older_one_back(talk: Talk) -> None:
    talk.says(reply("ask_region", asks="region"))
    newer = talk.says(reply("ask_pain", asks="pain"))
    talk.unit.messages.set_state(talk.hears("7").id, TurnState.ANSWERED, {"answered": newer.id})
    assert talk.unit.messages.open_question(talk.patient_id) is None


def test_nobody_can_answer_somebody_elses_question(talk: Talk) -> None:
    asked = talk.says(reply(asks="region"))
    other = Talk(talk.unit, "conversation-2")
    talk.unit.messages.set_state(other.hears("knee").id, TurnState.ANSWERED, {"answered": asked.id})
    assert talk.unit.messages.open_question(talk.patient_id) == asked


def test_a_transcript_is_read_in_pages_from_any_place(talk: Talk) -> None:
    for count in range(7):
        talk.hears(str(count))
    read = talk.unit.messages.transcript
    assert [m.text for m in read(talk.patient_id, limit=3)] == ["0", "1", "2"]
    assert [m.text for m in read(talk.patient_id, after=3, limit=3)] == ["3", "4", "5"]
    assert [m.seq for m in read(talk.patient_id, after=6)] == [7]


def test_half_of_a_surrogate_pair_and_a_null_are_kept_as_they_came(talk: Talk) -> None:
    heard = talk.hears("a\ud800b\x00c")
    talk.unit.commit()
    assert talk.unit.messages.get(heard.id).text == "a\ud800b\x00c"


def test_a_turn_has_one_owner_until_it_ends_or_runs_out(talk: Talk) -> None:
    patients, until = talk.unit.patients, NOW + timedelta(seconds=10)
    assert patients.claim_turn(talk.patient_id, "one", NOW, until)
    assert not patients.claim_turn(talk.patient_id, "two", NOW, until)
    assert patients.claim_turn(talk.patient_id, "one", NOW, until)
    assert patients.claim_turn(talk.patient_id, "two", until, until + timedelta(seconds=10))
    patients.release_turn(talk.patient_id, "one")
    assert not patients.claim_turn(talk.patient_id, "one", until, until)
    patients.release_turn(talk.patient_id, "two")
    assert patients.claim_turn(talk.patient_id, "one", until, until)


def test_those_who_wait_are_listed_longest_first_and_without_a_live_turn(talk: Talk) -> None:
    waiting = [Talk(talk.unit, f"conversation-{n}") for n in range(4)]
    for minutes, who in zip((3, 1, 2, 4), waiting, strict=True):
        heard = who.hears(at=NOW + timedelta(minutes=minutes))
        talk.unit.messages.set_state(heard.id, TurnState.WAITING)
    later = NOW + timedelta(minutes=9)
    talk.unit.patients.claim_turn(waiting[3].patient_id, "one", NOW, later + timedelta(seconds=1))
    talk.unit.patients.claim_turn(waiting[0].patient_id, "one", NOW, later)
    expected = [waiting[n].patient_id for n in (1, 2, 0)]
    assert list(talk.unit.patients.with_waiting(later)) == expected


def test_standing_and_consent_are_kept(talk: Talk, records: SqlRecords) -> None:
    talk.unit.patients.record_consent(
        talk.patient_id, given=True, version="1", text_hash="ab" * 32, channel="web", now=NOW
    )
    talk.unit.patients.set_standing(talk.patient_id, Standing.ACTIVE)
    talk.unit.commit()
    assert talk.unit.patients.get(talk.patient_id).standing is Standing.ACTIVE
    talk.unit.commit()
    (consent,) = records.export(talk.patient_id)["consents"]
    assert (consent["given"], consent["text_hash"], consent["channel"]) == (True, "ab" * 32, "web")


def test_a_miss_is_kept_once_for_each_message(talk: Talk, records: SqlRecords) -> None:
    heard = talk.hears("blorp")
    for _ in range(2):
        talk.unit.misses.keep(talk.patient_id, heard.id, [("pacing", 0.3), ("sleep", 0.2)])
    talk.unit.commit()
    (miss,) = records.export(talk.patient_id)["misses"]
    assert miss["ranking"] == [["pacing", 0.3], ["sleep", 0.2]]
