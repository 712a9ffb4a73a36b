"""The worklist and the page of a flag, as a browser without scripts gets them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from console_at_work import ConsoleAtWork, Visitor

from bot.facts.clinical import Evidence, Level, Reason, Urgency, Verdict
from bot.facts.flags import NO_DATA, FlagKind, FlagState
from bot.facts.staff import Role
from bot.usecases.due import ENGINE_ROUND, RECORDS_ROUND

WORDS = "<b>I have</b> a tight pain in my chest"
QUOTED = "tight pain in my chest"


@pytest.fixture
def team(console: ConsoleAtWork) -> str:
    return console.team()


@pytest.fixture
def visit(console: ConsoleAtWork, team: str) -> Visitor:
    return console.signed_in(Role.CLINICIAN, teams=(team,))


def raised(
    console: ConsoleAtWork,
    team: str,
    *,
    level: str = "stop",
    urgency: str = "now",
    kind: FlagKind = FlagKind.SIGN,
    address: str = "conversation-1",
    words: str = WORDS,
) -> int:
    """A flag, with the message and the verdict behind it where it is a sign."""
    start = words.find(QUOTED)
    with console.house.records.unit() as uow:
        known = uow.patients.at_door("web", address) or uow.patients.enrol("web", address, console.clock())
        if team:
            uow.teams.put_patient(known.id, team, console.clock())
        assessment = None
        if kind is FlagKind.SIGN:
            message, _ = uow.messages.receive(
                known.id, text=words, payload=None, door_key=None, now=console.clock(), erase_at=None
            )
            evidence = (Evidence(start, start + len(QUOTED), QUOTED),) if start >= 0 else ()
            reason = Reason("chest_pain", "1f2e3d4c", Level(level), Urgency(urgency), evidence)
            verdict = Verdict(Level(level), Urgency(urgency), (reason,))
            assessment = uow.assessments.add(
                known.id, message.id, (), verdict, content_version="v1", now=console.clock()
            )
        flag = uow.flags.raise_(
            known.id,
            level=level,
            urgency=urgency,
            summary="chest_pain" if kind is FlagKind.SIGN else "no word for 7 days",
            assessment_id=assessment,
            now=console.clock(),
            kind=kind,
        )
        uow.commit()
    return flag


def listed(page: str) -> list[int]:
    waiting = re.search(r'<ol class="waiting">(.*?)</ol>', page, re.DOTALL)
    return [int(number) for number in re.findall(r'href="/flags/(\d+)"', waiting[1])] if waiting else []


def state(console: ConsoleAtWork, flag: int) -> FlagState:
    with console.house.records.reading() as uow:
        found = uow.flags.get(flag)
    assert found is not None
    return found.state


def test_a_flag_that_was_just_raised_stands_in_the_list_at_the_next_look(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    assert "Nothing waits for you" in visit.show("/flags").text
    flag = raised(console, team)
    assert listed(visit.show("/flags").text) == [flag]


def test_the_gravest_is_first_then_what_is_due_first_then_the_oldest(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    gap = raised(console, team, level=NO_DATA, urgency="soon", kind=FlagKind.NO_DATA)
    today = raised(console, team, urgency="same_day")
    older = raised(console, team)
    console.clock.go_on(minutes=1)
    newer = raised(console, team)
    crisis = raised(console, team, level="crisis")
    assert listed(visit.show("/flags").text) == [crisis, older, newer, today, gap]


def test_levels_and_signals_are_counted_and_lead_to_their_own_lists(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    stop = raised(console, team)
    gap = raised(console, team, level=NO_DATA, urgency="soon", kind=FlagKind.NO_DATA)
    lost = raised(console, team, level="crisis", kind=FlagKind.UNDELIVERED)
    page = visit.show("/flags").text
    counts = re.findall(r'only=(\w+)"[^>]*>\s*<span class="number">(\d+)', page)
    assert [(name, n) for name, n in counts if n != "0"] == [
        ("crisis", "1"),
        ("stop", "1"),
        ("no_data", "1"),
        ("undelivered", "1"),
    ]
    for only, flags in (("stop", [stop]), ("no_data", [gap]), ("undelivered", [lost]), ("check", [])):
        assert listed(visit.show(f"/flags?only={only}").text) == flags
    assert visit.show("/flags?only=<script>").status_code == 404


def test_every_level_is_told_by_word_and_shape(console: ConsoleAtWork, team: str, visit: Visitor) -> None:
    raised(console, team)
    item = visit.show("/flags").text.partition('<ol class="waiting">')[2]
    assert '<span class="level level-stop"><span aria-hidden="true">■</span> Stop</span>' in item
    assert "pain or pressure in the chest" in item


def test_nobody_sees_or_moves_the_flags_of_another_team(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    foreign = raised(console, console.team("Hands"))
    assert listed(visit.show("/flags").text) == []
    assert visit.show(f"/flags/{foreign}").status_code == 403
    assert visit.send(f"/flags/{foreign}/acknowledge").status_code == 403
    assert visit.show(f"/flags/{foreign + 1}").status_code == 404
    assert state(console, foreign) is FlagState.NEW


def test_a_patient_without_a_team_is_on_every_supervisors_list(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    flag = raised(console, "")
    assert listed(visit.show("/flags").text) == []
    assert listed(console.signed_in(Role.SUPERVISOR).show("/flags").text) == [flag]


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.ADMINISTRATOR, Role.AUDITOR])
def test_who_does_not_care_for_patients_opens_none_of_it(
    console: ConsoleAtWork, team: str, role: Role
) -> None:
    flag = raised(console, team)
    visitor = console.signed_in(role, teams=(team,))
    assert visitor.show("/flags").status_code == 403
    assert visitor.show(f"/flags/{flag}").status_code == 403
    assert visitor.send(f"/flags/{flag}/acknowledge").status_code == 403
    assert visitor.send("/flags/together", flag=flag).status_code == 403


def test_the_page_shows_the_words_with_what_was_found_in_them_and_which_rule_did(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    page = visit.show(f"/flags/{raised(console, team)}").text
    assert f"&lt;b&gt;I have&lt;/b&gt; a <mark>{QUOTED}</mark>" in page
    assert "rule chest_pain, version 1f2e3d4c" in page
    assert "It still stands" in page


def test_opening_a_flag_is_written_into_the_audit(console: ConsoleAtWork, team: str) -> None:
    nurse = console.hire(Role.CLINICIAN, teams=(team,))
    flag = raised(console, team)
    console.visit_of(nurse).show(f"/flags/{flag}")
    with console.house.records.reading() as uow:
        found = uow.flags.get(flag)
    assert found is not None
    audit = console.house.records.export(found.patient_id)["audit"]
    assert [(line["actor"], line["action"], line["detail"]) for line in audit] == [
        (nurse.id, "patient.read", f"flag {flag}")
    ]


def test_only_the_steps_that_may_be_taken_are_offered(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    flag = raised(console, team)

    def offered() -> list[str]:
        return re.findall(rf'action="/flags/{flag}/(\w+)"', visit.show(f"/flags/{flag}").text)

    assert offered() == ["acknowledge"]
    visit.send(f"/flags/{flag}/acknowledge")
    assert offered() == ["begin", "resolve", "dismiss"]
    visit.send(f"/flags/{flag}/begin")
    assert offered() == ["resolve", "dismiss"]
    visit.send(f"/flags/{flag}/resolve", outcome="seen", note="ECG normal")
    assert offered() == []


def test_a_flag_goes_from_new_to_resolved_and_the_history_says_who_did_it(
    console: ConsoleAtWork, team: str
) -> None:
    visit = console.visit_of(console.hire(Role.CLINICIAN, teams=(team,), name="Dr Ames"))
    flag = raised(console, team)
    assert visit.send(f"/flags/{flag}/acknowledge").headers["Location"] == f"/flags/{flag}"
    visit.send(f"/flags/{flag}/resolve", outcome="seen", note="ECG normal")
    page = visit.show(f"/flags/{flag}").text
    history = page.partition('id="history"')[2].partition("</section>")[0]
    assert "<strong>acknowledged</strong>, by Dr Ames" in history
    assert "<strong>resolved</strong>, by Dr Ames" in history
    assert "Seen in person" in history
    assert "ECG normal" in history
    assert "Settled" in page
    assert listed(visit.show("/flags").text) == []


@pytest.mark.parametrize(
    ("move", "form"),
    [
        ("resolve", {"outcome": "", "note": "kept words"}),
        ("resolve", {"outcome": "guessed", "note": "kept words"}),
        ("dismiss", {"outcome": "past", "note": " "}),
        ("begin", {}),
        ("delete", {}),
    ],
)
def test_a_step_that_is_refused_says_why_and_keeps_what_was_typed(
    console: ConsoleAtWork, team: str, visit: Visitor, move: str, form: dict[str, str]
) -> None:
    flag = raised(console, team)
    if move in ("resolve", "dismiss"):
        visit.send(f"/flags/{flag}/acknowledge")
    before = state(console, flag)
    answer = visit.send(f"/flags/{flag}/{move}", form)
    assert (answer.status_code, state(console, flag)) == (422, before)
    assert "Not done:" in answer.text
    assert form.get("note", "") in answer.text


def test_nothing_changes_without_the_token_of_a_form(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    flag = raised(console, team)
    assert visit.post(f"/flags/{flag}/acknowledge", base_url="http://127.0.0.1").status_code == 400
    assert visit.show(f"/flags/{flag}/acknowledge").status_code == 405
    assert state(console, flag) is FlagState.NEW


def test_flags_without_data_are_ended_together_and_a_stop_never_is(
    console: ConsoleAtWork, team: str, visit: Visitor
) -> None:
    gaps = [raised(console, team, level=NO_DATA, urgency="soon", kind=FlagKind.NO_DATA) for _ in range(2)]
    stop = raised(console, team)
    assert 'name="flag"' not in visit.show("/flags").text
    assert visit.show("/flags?only=no_data").text.count('name="flag"') == 2
    form = {"outcome": "past", "note": "on holiday"}
    assert visit.send("/flags/together", {**form, "flag": [*gaps, stop]}).status_code == 422
    assert visit.send("/flags/together", form).status_code == 422
    assert {state(console, flag) for flag in (*gaps, stop)} == {FlagState.NEW}
    assert visit.send("/flags/together", {**form, "flag": gaps}).status_code == 303
    assert [state(console, flag) for flag in gaps] == [FlagState.NOT_RELEVANT] * 2
    assert state(console, stop) is FlagState.NEW


def test_a_clock_that_stands_still_is_told(console: ConsoleAtWork, visit: Visitor) -> None:
    def told() -> bool:
        return "clock stands still" in visit.show("/flags").text

    assert told()
    with console.house.records.unit() as uow:
        for part in (RECORDS_ROUND, ENGINE_ROUND):
            uow.heartbeats.beat(part, console.clock())
        uow.commit()
    assert not told()
    console.clock.go_on(seconds=119)
    assert not told()
    console.clock.go_on(seconds=2)
    assert told()


def test_out_of_hours_it_is_told_that_nobody_is_expected_to_look(
    console: ConsoleAtWork, visit: Visitor
) -> None:
    console.clock.now = console.clock.now.replace(hour=12)
    assert "Nobody is expected" not in visit.show("/flags").text
    console.clock.now += timedelta(hours=8)
    page = console.signed_in(Role.SUPERVISOR).show("/flags").text
    assert "Nobody is expected to watch this list now" in page
