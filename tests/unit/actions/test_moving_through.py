"""Digressions, leaving and coming back, symptoms in the middle, and what nobody understood."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import yaml
from action_calls import NOW, Answer, Caller, judged

from actions.server import ACTIONS, executor_for
from actions.words import variables_for
from bot.facts.clinical import Level
from bot.facts.talk import Button, Kind, Reply, Standing
from bot.library import ContentLibrary
from bot.library.stories import FILLED
from bot.usecases.profile import SENSITISATION

LEVEL = "goal_level_form"
CUE = "goal_cue_form"
DIGRESSIONS = [
    ("action_teach", "pacing"),
    ("action_why", "why"),
    ("action_tell_more", "tell_more"),
    ("action_repeat", "repeat"),
    ("action_chat", "thanks"),
    ("action_view_progress", "view_progress"),
    ("action_default_fallback", "nlu_fallback"),
    ("action_default_fallback", "pacing"),
    ("action_default_fallback", "thanks"),
    ("action_answer", "answer"),
]


@pytest.mark.parametrize(("action", "intent"), DIGRESSIONS)
def test_a_digression_is_answered_and_the_flow_asks_again(call: Caller, action: str, intent: str) -> None:
    call.aboard()
    answered = call(action, intent, loop=LEVEL, requested="coping")
    assert answered.next == LEVEL
    assert not answered.ends_loop
    assert "coping" not in answered.slots


@pytest.mark.parametrize(("action", "intent"), [each for each in DIGRESSIONS if each[0] != "action_teach"])
def test_outside_a_flow_the_same_words_wait_for_the_patient(call: Caller, action: str, intent: str) -> None:
    assert call.aboard()(action, intent).next == "action_listen"


@pytest.mark.parametrize(
    ("action", "intent", "says"),
    [
        ("action_chat", "help", ["chat_help"]),
        ("action_chat", "greet", []),
        ("action_chat", "affirm", []),
        ("action_start_over", "start_over", []),
        ("action_start_flow", "start_goals", []),
        ("action_start_flow", "start_onboarding", []),
    ],
)
def test_a_new_patient_is_led_to_the_first_question(
    call: Caller, action: str, intent: str, says: list[str]
) -> None:
    begun = call(action, intent)
    assert begun.said == says
    assert begun.next == "onboarding_form"


def test_a_bare_no_answers_a_question_in_words_of_ones_own(call: Caller) -> None:
    call.aboard()
    form = "goal_understand_form"
    taken = call("action_chat", "unsure", loop=form, requested="pain_reason", text="no idea")
    assert taken.slots["pain_reason"] == "no idea"
    assert taken.next == form
    assert call.patient.profile["pain_reason"] == "no idea"


def test_a_bare_yes_to_a_choice_of_other_things_is_asked_again(call: Caller) -> None:
    call.aboard()
    unclear = call("action_chat", "affirm", loop="log_form", requested="pain_now", text="yes")
    assert unclear.said == ["not_an_answer"]
    assert unclear.next == "log_form"


def test_no_lesson_before_consent(call: Caller) -> None:
    assert call("action_teach", "pacing").said == ["consent_first"]


def test_a_belief_that_comes_up_is_remembered_first_come(call: Caller) -> None:
    call.aboard()
    call("action_teach", "fear_of_movement")
    call("action_teach", "belief_damage")
    assert call.patient.profile["belief"] == "fear_of_movement"


def test_a_stop_ends_the_flow_without_a_word_and_remembers_it(call: Caller) -> None:
    call.aboard()
    ended = call("action_end_flow", "safety_stop", loop=LEVEL, requested="coping")
    assert ended.responses == []
    assert ended.ends_loop
    assert ended.slots["requested_slot"] is None
    assert call.patient.profile["interrupted_flow"] == LEVEL


def test_what_was_left_can_be_gone_on_with(call: Caller) -> None:
    call.aboard()
    left = call("action_stop_flow", "stop_flow", loop=LEVEL, requested="coping")
    assert left.said == ["flow_left"]
    assert left.ends_loop
    assert call("action_start_flow", "log_symptom").next == "log_form"
    assert call("action_resume_flow", "resume_flow").next == LEVEL
    assert "interrupted_flow" not in call.patient.profile


def test_nothing_goes_on_while_an_assess_stands(call: Caller) -> None:
    call.aboard(interrupted_flow=LEVEL)
    call("action_triage", "report_symptom", verdict=judged(Level.ASSESS, "stop_list"))
    refused = call("action_resume_flow", "resume_flow")
    assert refused.next == "action_listen"
    assert "ask_assess_settled" in refused.said


@pytest.mark.parametrize("intent", ["start_cue", "start_onboarding"])
def test_no_exercise_flow_begins_while_an_assess_stands(call: Caller, intent: str) -> None:
    if intent == "start_cue":
        call.aboard()
    call("action_triage", "report_symptom", verdict=judged(Level.ASSESS, "stop_list"))
    assert call("action_start_flow", intent).next == "action_listen"


def test_an_assess_is_said_with_its_question_and_ends_the_flow(call: Caller) -> None:
    call.aboard()
    verdict = judged(Level.ASSESS, "stop_list", question="ask_assess_settled")
    told = call("action_triage", "report_symptom", loop=LEVEL, requested="coping", verdict=verdict)
    assert told.said == ["stop_list", "ask_assess_settled"]
    assert told.ends_loop
    assert told.next == "action_listen"
    assert call.patient.profile["interrupted_flow"] == LEVEL


def test_a_continue_is_said_and_the_flow_goes_on(call: Caller) -> None:
    call.aboard()
    verdict = judged(Level.CONTINUE, "green_noted")
    told = call("action_triage", "report_symptom", loop=LEVEL, requested="coping", verdict=verdict)
    assert told.said == ["green_noted"]
    assert told.next == LEVEL


@pytest.mark.parametrize("intent", ["is_this_normal", "report_symptom"])
def test_without_a_sign_the_coach_says_it_cannot_judge_and_shows_the_signs(call: Caller, intent: str) -> None:
    said = call.aboard()("action_triage", intent).said
    assert said == ["say_cannot_judge", "ask_which_sign"]


def test_none_of_the_signs_is_never_called_fine(call: Caller) -> None:
    told = call.aboard()("action_answer", "answer", entities={"which_sign": "none"})
    assert set(told.said) == {"which_sign_none"}
    assert "fine" not in " ".join(response["text"] for response in told.responses).lower()


@pytest.mark.parametrize("answer", ["some", "unsure"])
def test_a_sign_check_that_is_not_clean_asks_which_sign(call: Caller, answer: str) -> None:
    told = call.aboard()("action_answer", "answer", entities={"sign_check": answer})
    assert told.said == ["ask_which_sign"]
    assert told.next == "action_listen"


def test_an_answer_whose_flow_the_engine_lost_is_not_lost(call: Caller) -> None:
    call.aboard()
    assert call("action_answer", "answer", entities={"pain_now": "4"}).next == "log_form"


def test_a_pain_value_is_kept_once_for_a_message(call: Caller) -> None:
    call.aboard(region="knee").activate("log_form")
    logged = call.answer("log_form", "pain_now", "4")
    assert logged.said == ["pain_logged"]
    with call.house.records.unit() as uow:
        assert [pain.pain for pain in uow.log.history(call.patient_id, NOW.replace(day=1)).pains] == [4]
    assert call("action_view_progress", "view_progress").responses[0]["image"] == "progress"


def pains(call: Caller) -> list[int]:
    with call.house.records.unit() as uow:
        return [entry.pain for entry in uow.log.pains(call.patient_id, NOW.replace(day=1))]


def logged(call: Caller, value: str) -> Answer:
    """The patient logs a pain value; the message is remembered as the answer it was."""
    answer = call.answer("log_form", "pain_now", value)
    call.understood(slot="pain_now", value=value)
    call.coach_said(*call.house.library.say("pain_logged"))
    return answer


def correct(call: Caller, text: str, **more: Any) -> Answer:
    return call("action_correct", "correct_entry", text=text, **more)


def test_a_corrected_pain_value_takes_the_place_of_the_last_one_and_is_audited(call: Caller) -> None:
    call.aboard(region="knee")
    logged(call, "3")
    logged(call, "7")
    assert correct(call, "no, I meant 4").said == ["pain_corrected"]
    assert pains(call) == [3, 4]
    rows = call.house.records.export(call.patient_id)["audit"]
    assert [(row["actor"], row["action"]) for row in rows] == [("patient", "log.correct")]
    assert not {"3", "4", "7"} & set(rows[0]["detail"].split()[:2])


def test_after_a_wrong_button_the_right_value_is_asked_for_and_replaces_it(call: Caller) -> None:
    call.aboard()
    logged(call, "7")
    asked = correct(call, "wrong button")
    assert (asked.said, asked.next) == (["correct_log"], "correct_log_form")
    assert call.answer("correct_log_form", "pain_again", "2").said == ["pain_corrected"]
    assert pains(call) == [2]


def test_a_correction_out_of_scale_changes_nothing_and_asks_again(call: Caller) -> None:
    call.aboard()
    logged(call, "7")
    asked = correct(call, "no, I meant 40")
    assert (asked.said, asked.next) == (["off_scale"], "correct_log_form")
    assert pains(call) == [7]


def test_a_value_logged_in_the_middle_of_a_flow_is_corrected_and_the_flow_asks_again(call: Caller) -> None:
    call.aboard()
    logged(call, "7")
    corrected = correct(call, "no, I meant 5", loop=LEVEL, requested="coping")
    assert (corrected.said, corrected.next) == (["pain_corrected"], LEVEL)
    assert pains(call) == [5]


def test_without_a_value_of_today_there_is_nothing_to_correct(call: Caller) -> None:
    call.aboard()
    assert correct(call, "no, I meant 4").said == ["nothing_to_correct"]
    with call.house.records.unit() as uow:
        before = NOW - timedelta(hours=13)
        uow.log.add_pain(call.patient_id, pain=7, region=None, message_id="yesterday", now=before)
        uow.commit()
    assert correct(call, "no, I meant 4").said == ["nothing_to_correct"]
    assert pains(call) == [7]


def test_the_answer_just_given_in_a_flow_is_corrected_and_the_talk_goes_on(call: Caller) -> None:
    call.aboard().activate("session_form")
    call.answer("session_form", "session_minutes", "100")
    corrected = correct(call, "no, I meant 10", loop="session_form", requested="session_coped")
    assert corrected.slots == {"session_minutes": "10"}
    assert corrected.next == "session_form"


def test_a_wrong_button_in_a_flow_puts_the_question_before_again(call: Caller) -> None:
    call.aboard().activate(LEVEL)
    call.answer(LEVEL, "coping", "yes")
    again = correct(call, "I pressed the wrong button", loop=LEVEL, requested="settles")
    assert again.slots == {"coping": None}
    assert again.next == LEVEL


def test_a_correction_that_shows_another_door_ends_the_onboarding(call: Caller) -> None:
    form = "onboarding_form"
    call.slots |= {"adult": "yes", "consent": "yes", "country": "GB", "region": "knee", "condition": "none"}
    ended = correct(call, "no, I meant fibro and ME/CFS", loop=form, requested="clinician")
    assert ended.slots == {"condition": None}
    call.slots |= {"condition": "none"}
    ended = correct(call, "no, I meant ME/CFS", loop=form, requested="clinician")
    assert set(ended.said) == {"end_me_cfs"}
    assert ended.ends_loop
    assert call.patient.standing is Standing.NOT_FOR


@pytest.mark.parametrize("slot", ["sign_check", "check", "care_sought"])
def test_an_answer_about_warning_signs_is_not_changed_by_words_the_signs_are_shown(
    call: Caller, slot: str
) -> None:
    call.aboard()
    call("action_chat", "thanks")
    call.understood(slot=slot, value="none")
    call.coach_said(*call.house.library.say("answer_noted"))
    shown = correct(call, "wrong button", loop=CUE, requested="prediction")
    assert (shown.said, shown.next) == (["ask_which_sign"], "action_listen")


def test_a_log_in_the_middle_of_a_flow_leads_back_to_it(call: Caller) -> None:
    call.aboard()
    assert call("action_start_flow", "log_symptom", loop=LEVEL, requested="coping").next == "log_form"
    assert call.slots["paused_flow"] == LEVEL
    assert call.answer("log_form", "pain_now", "3").next == LEVEL
    assert call.slots["paused_flow"] is None


def test_what_the_first_words_told_is_not_asked_again(call: Caller) -> None:
    call.aboard(region="knee")
    began = call("action_start_flow", "log_session", text="I did 10 minutes of stairs")
    assert began.slots["session_minutes"] == "10"
    assert call.activate("session_form").slots["requested_slot"] == "session_coped"


def test_pain_told_in_the_first_words_is_logged_and_the_talk_is_over(call: Caller) -> None:
    call.aboard(region="knee")
    began = call("action_start_flow", "log_symptom", text="log my pain: 6 out of 10 today")
    assert (began.said, began.slots["pain_now"]) == (["pain_logged"], "6")
    assert call.activate("log_form").next == "action_listen"
    with call.house.records.reading() as uow:
        assert [entry.pain for entry in uow.log.pains(call.patient_id, NOW.replace(day=1))] == [6]


def test_a_session_is_kept_with_minutes_and_coping(call: Caller) -> None:
    call.aboard(region="knee").activate("session_form")
    call.answer("session_form", "session_minutes", "10")
    call.answer("session_form", "session_coped", "no")
    assert call.answer("session_form", "session_pain", "6").said == ["session_not_coped"]
    with call.house.records.unit() as uow:
        (session,) = uow.log.history(call.patient_id, NOW.replace(day=1)).sessions
    assert (session.minutes, session.coped, session.region) == (10, False, "knee")
    assert session.pain_after == 6


def test_a_session_is_kept_without_the_pain_that_was_left_out(call: Caller) -> None:
    call.aboard(region="knee").activate("session_form")
    call.answer("session_form", "session_minutes", "10")
    call.answer("session_form", "session_coped", "yes")
    left_out = call("action_skip", "skip", loop="session_form", requested="session_pain")
    assert left_out.next == "session_form"
    assert call.activate("session_form").said == ["session_logged"]
    with call.house.records.unit() as uow:
        (session,) = uow.log.history(call.patient_id, NOW.replace(day=1)).sessions
    assert session.pain_after is None


def test_reminders_stop_only_after_a_clear_yes(call: Caller) -> None:
    form = "confirm_stop_reminders_form"
    call.aboard()
    assert call("action_start_flow", "stop_reminders").next == form
    assert call.answer(form, "confirm_stop_reminders", "no").said == ["left_unchanged"]
    assert "reminder" not in call.patient.profile
    call("action_start_flow", "stop_reminders")
    assert call.answer(form, "confirm_stop_reminders", "yes").said == ["stop_reminders_done"]
    assert call.patient.profile["reminder"] == "none"


def test_the_file_with_all_data_is_handed_over_after_a_clear_yes_and_nobody_is_flagged(call: Caller) -> None:
    form = "confirm_export_data_form"
    call.aboard()
    assert call("action_start_flow", "export_data").next == form
    refused = call.answer(form, "confirm_export_data", "no")
    assert refused.said == ["left_unchanged"]
    assert refused.responses[0]["document"] is None
    call("action_start_flow", "export_data")
    agreed = call.answer(form, "confirm_export_data", "yes")
    assert agreed.said == ["export_data_done"]
    assert agreed.responses[0]["document"] == "my-data.json"
    with call.house.records.unit() as uow:
        assert uow.flags.list() == []


def test_deleting_all_data_marks_the_person_as_leaving_only_after_yes(call: Caller) -> None:
    form = "confirm_delete_data_form"
    call.aboard()
    call("action_start_flow", "delete_data")
    call.answer(form, "confirm_delete_data", "no")
    assert call.patient.standing is Standing.ACTIVE
    call("action_start_flow", "delete_data")
    assert call.answer(form, "confirm_delete_data", "yes").said == ["delete_data_done"]
    assert call.patient.standing is Standing.LEAVING


def test_misses_lead_to_topics_then_to_a_human_and_are_kept(call: Caller) -> None:
    call.aboard()
    ranking = [("pacing", 0.3), ("sleep", 0.2), ("flare_up", 0.1)]
    first = call("action_default_fallback", "nlu_fallback", ranking=ranking)
    assert first.said == ["offer_topics_intro"]
    assert [b["payload"] for b in first.responses[0]["buttons"]][:3] == [
        "do:pacing",
        "do:sleep",
        "do:flare_up",
    ]
    second = call("action_default_fallback", "nlu_fallback", ranking=ranking)
    assert set(second.said) == {"misunderstood_twice"}


@pytest.mark.parametrize(("sure", "says"), [(0.10, "offer_topics_intro"), (0.09, "misunderstood_once")])
def test_below_the_band_a_short_menu_is_shown(call: Caller, sure: float, says: str) -> None:
    ranking = [("pacing", sure), ("sleep", 0.05), ("flare_up", 0.02)]
    assert call.aboard()("action_default_fallback", "nlu_fallback", ranking=ranking).said == [says]


def test_one_understood_message_forgets_the_misses(call: Caller) -> None:
    call.aboard()("action_default_fallback", "nlu_fallback")
    assert call("action_chat", "thanks").slots["misses"] == 0


def test_why_and_more_speak_of_what_was_said_last(call: Caller, library: ContentLibrary) -> None:
    call.aboard()
    call.coach_said(*library.say("lesson_pacing"), *library.say("ask_pain_now"))
    assert call("action_why", "why").said[0] == "ask_pain_now.why"
    assert call("action_tell_more", "tell_more").said[0] == "lesson_pacing.more"


def test_a_wish_for_a_person_raises_one_flag(call: Caller) -> None:
    call.aboard()
    call("action_chat", "talk_to_clinician")
    call("action_chat", "talk_to_clinician")
    with call.house.records.unit() as uow:
        assert [flag.summary for flag in uow.flags.list()] == ["talk_to_clinician"]


def test_whom_a_team_looks_after_is_told_when_to_expect_an_answer(call: Caller) -> None:
    call.aboard()
    assert call("action_chat", "talk_to_clinician").said == ["chat_talk_to_clinician"]
    with call.house.records.unit() as uow:
        uow.teams.put_patient(call.patient_id, uow.teams.add("Knees").id, call.house.clock())
        uow.commit()
    answered = call("action_chat", "talk_to_clinician")
    assert answered.said == ["chat_talk_to_clinician_team"]
    assert "within 2 working days" in answered.responses[0]["text"]


def test_a_failing_action_says_so_and_keeps_the_flow(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    call.aboard()

    def broken(*_: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(call.house.progress, "days", broken)
    failed = call("action_view_progress", "view_progress", loop=LEVEL, requested="coping")
    assert failed.said == ["action_failed"]
    assert failed.next == LEVEL


def test_a_failing_answer_is_asked_again(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    call.aboard().activate("log_form")

    def broken(*_: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(call.house.flows["log_form"], "answered", broken)
    failed = call.answer("log_form", "pain_now", "4")
    assert failed.said == ["action_failed"]
    assert failed.slots == {"pain_now": None, "requested_slot": "pain_now"}


def test_a_slow_action_answers_within_two_seconds(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    call.aboard()
    monkeypatch.setattr(call.house.progress, "days", lambda *_: time.sleep(4))
    began = time.monotonic()
    assert call("action_view_progress", "view_progress").said == ["action_failed"]
    assert time.monotonic() - began < 2.5


def test_every_bubble_is_one_the_library_vouches_for(call: Caller, library: ContentLibrary) -> None:
    call.aboard(region="knee", goal="dance")
    for answer in (call("action_chat", "help"), call("action_teach", "pacing")):
        for bubble in answer.responses:
            reply = Reply(
                bubble["content_id"],
                bubble["version"],
                Kind(bubble["kind"]),
                bubble["text"],
                tuple(Button(button["title"], button["payload"]) for button in bubble["buttons"]),
                bubble["image"],
                bubble["asks"],
                bubble["region"],
                bubble["variables"],
            )
            assert library.vouches(reply)


DETAILS = "details_form"


def test_the_first_weeks_questions_are_kept_and_skipped_ones_count_as_open(call: Caller) -> None:
    call.aboard()
    assert call("action_start_flow", "start_details").next == DETAILS
    call.activate(DETAILS)
    for question in SENSITISATION[:-1]:
        call.answer(DETAILS, question, "no")
    skipped = call("action_skip", "skip", loop=DETAILS, requested=SENSITISATION[-1])
    assert skipped.next == DETAILS
    assert SENSITISATION[-1] not in call.patient.profile
    done = call.answer(DETAILS, "liked_activity", "gardening")
    assert done.said == ["details_done_slowly"]
    assert "gardening" in call("action_chat", "plan_today").responses[0]["text"]
    call.slots |= {"sens_senses": None, "liked_activity": None}
    call.answer(DETAILS, SENSITISATION[-1], "no")
    assert call.answer(DETAILS, "liked_activity", "walking").said == ["details_done"]


@pytest.mark.parametrize("question", [*SENSITISATION, "liked_activity"])
def test_every_question_of_the_first_week_answers_why_skip_and_back(call: Caller, question: str) -> None:
    call.aboard().activate(DETAILS)
    call.slots |= dict.fromkeys(SENSITISATION[: [*SENSITISATION, "liked_activity"].index(question)], "yes")
    assert call("action_why", "why", loop=DETAILS, requested=question).said[0] == f"ask_{question}.why"
    back = call("action_back", "back", loop=DETAILS, requested=question)
    before = [*SENSITISATION, "liked_activity"].index(question)
    assert back.said == (["nothing_before"] if before == 0 else [])
    assert back.slots == ({} if before == 0 else {SENSITISATION[before - 1]: None})
    skipped = call("action_skip", "skip", loop=DETAILS, requested=question)
    assert skipped.slots[question] == "skipped"


def test_the_first_weeks_questions_wait_while_something_stands_open(call: Caller) -> None:
    call.aboard()
    call("action_triage", "report_symptom", verdict=judged(Level.ASSESS, "stop_list"))
    assert call("action_start_flow", "start_details").next == "action_listen"


@cache
def project() -> dict[str, dict[str, object]]:
    with open("domain.yml", encoding="utf-8") as file:
        return dict(yaml.safe_load(file))


def rules() -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name in ("flows", "safety", "topics"):
        with open(f"data/rules/{name}.yml", encoding="utf-8") as file:
            found += yaml.safe_load(file)["rules"]
    return found


def intents_of(rule: dict[str, object]) -> list[str]:
    steps = rule["steps"]
    assert isinstance(steps, list)
    return [step["intent"] for step in steps[0].get("or", [steps[0]])]


def unruled() -> list[str]:
    ruled = [intent for rule in rules() for intent in intents_of(rule)]
    assert len(ruled) == len(set(ruled))
    assert set(ruled) <= set(project()["intents"])
    return sorted(set(project()["intents"]) - set(ruled))  # type: ignore[call-overload]


@pytest.mark.parametrize("intent", unruled())
def test_every_intent_has_one_rule_or_else_a_usual_reply(call: Caller, intent: str) -> None:
    call.aboard()
    call.coach_said(*call.house.library.say("lesson_sleep"))
    said = call("action_default_fallback", intent).said
    own = {"nlu_fallback": "misunderstood_once", "tell_more": "lesson_sleep.more"}
    assert set(said) <= {own.get(intent), f"chat_{intent}", f"lesson_{intent}"}
    assert said


def test_after_a_lesson_the_story_goes_on(call: Caller) -> None:
    assert call.aboard()("action_teach", "belief_damage").next is None


def test_no_story_goes_on_beside_an_open_question(call: Caller) -> None:
    call.aboard()
    call.coach_said(*call.house.library.say("ask_pain_now"))
    assert call("action_teach", "belief_damage").next == "action_listen"


def test_no_story_goes_on_while_something_stands(call: Caller) -> None:
    call.aboard()
    call("action_triage", "report_symptom", verdict=judged(Level.CHECK, "stop_list"))
    assert call("action_teach", "belief_damage").next == "action_listen"


def test_no_story_goes_on_in_a_flow_nor_before_the_first_question(call: Caller) -> None:
    assert call("action_teach", "belief_damage").next == "onboarding_form"
    assert call.aboard()("action_teach", "belief_damage", loop=LEVEL).next == LEVEL


def test_more_is_told_of_the_lesson_rather_than_of_the_question_behind_it(call: Caller) -> None:
    call.aboard()
    call.coach_said(*call.house.library.say("lesson_pacing"), *call.house.library.say("talk_pacing"))
    assert call("action_tell_more", "tell_more").said[0] == "lesson_pacing.more"


def test_stories_may_name_what_is_filled_in_and_nothing_else(call: Caller) -> None:
    assert set(variables_for(call.house.library, call.patient, datetime.now(UTC))) == FILLED


def test_every_action_of_the_domain_and_the_rules_is_served(call: Caller) -> None:
    served = set(executor_for(call.house).actions)
    ruled = {step["action"] for rule in rules() for step in rule["steps"][1:]}  # type: ignore[index]
    assert ruled <= set(project()["actions"])
    assert served == set(project()["actions"])
    assert {kind.action_name for kind in ACTIONS} <= served


def test_forms_ask_what_their_flows_ask_and_take_nothing_but_answers(call: Caller) -> None:
    forms = project()["forms"]
    assert set(forms) == set(call.house.flows)
    others = set(project()["intents"]) - {"answer"}
    for name, form in forms.items():
        assert isinstance(form, dict)
        assert form["required_slots"] == [step.question for step in call.house.flows[name].steps]
        assert set(form["ignored_intents"]) == others


def test_every_slot_of_a_form_is_filled_by_its_answer_only() -> None:
    slots = project()["slots"]
    for form in project()["forms"].values():
        assert isinstance(form, dict)
        for slot in form["required_slots"]:
            assert slots[slot]["mappings"] == [{"type": "from_entity", "entity": slot, "intent": "answer"}]  # type: ignore[index]
            assert slots[slot]["influence_conversation"] is False  # type: ignore[index]
            assert slot in project()["entities"]


def test_every_question_of_every_flow_has_words_and_a_reason(call: Caller, library: ContentLibrary) -> None:
    for flow in call.house.flows.values():
        for step in flow.steps:
            assert library.question(f"ask_{step.question}") is not None
            assert library.why(f"ask_{step.question}")[0].content_id == f"ask_{step.question}.why"


def test_health_tells_that_the_server_is_ready(call: Caller) -> None:
    assert call.web.get("/health").json()["ready"] is True
