"""A patient of another team: opened with a reason, for an hour, and told on."""

from __future__ import annotations

import pytest
from console_at_work import ConsoleAtWork, Visitor

from bot.facts.staff import Actor, Role
from bot.usecases.sight import NotTheirs, check_sees, sees

REASON = "Their own team can't be reached, and <b>a stop</b> stands open."


@pytest.fixture
def patient(console: ConsoleAtWork) -> str:
    return console.patient(console.team("Backs")).id


@pytest.fixture
def ames(console: ConsoleAtWork) -> Actor:
    return console.hire(Role.CLINICIAN, teams=(console.team("Knees"),), name="Dr Ames")


def seen(console: ConsoleAtWork, actor: Actor, patient: str) -> bool:
    with console.house.records.reading() as uow:
        return sees(uow, actor, patient, console.clock())


def opens(visitor: Visitor, patient: str, reason: str = REASON) -> int:
    return visitor.send(f"/patients/{patient}/break-glass/now", reason=reason).status_code


def test_it_is_open_for_an_hour_to_whoever_opened_it_alone(
    console: ConsoleAtWork, ames: Actor, patient: str
) -> None:
    other = console.hire(Role.CLINICIAN, teams=tuple(ames.teams))
    assert not seen(console, ames, patient)
    assert opens(console.visit_of(ames), patient) == 302
    assert (seen(console, ames, patient), seen(console, other, patient)) == (True, False)
    console.clock.go_on(minutes=59)
    assert seen(console, ames, patient)
    console.clock.go_on(minutes=1)
    assert not seen(console, ames, patient)


def test_it_takes_a_reason_and_a_patient(console: ConsoleAtWork, ames: Actor, patient: str) -> None:
    visitor = console.visit_of(ames)
    assert opens(visitor, patient, reason="  ") == 400
    assert opens(visitor, patient, reason="x" * 1001) == 400
    assert opens(visitor, "0" * 32) == 404
    assert not seen(console, ames, patient)


def test_a_supervisor_sees_the_reason_until_they_have_looked_at_it(
    console: ConsoleAtWork, ames: Actor, patient: str
) -> None:
    opens(console.visit_of(ames), patient)
    supervisor = console.signed_in(Role.SUPERVISOR)
    page = supervisor.show("/opened").text
    assert "Dr Ames" in page
    assert "&lt;b&gt;a stop&lt;/b&gt;" in page
    supervisor.send("/opened/1/seen")
    assert "There is nothing to look at." in supervisor.show("/opened").text


def test_nobody_looks_at_what_they_opened_themselves(console: ConsoleAtWork, patient: str) -> None:
    visitor = console.signed_in(Role.SUPERVISOR)
    opens(visitor, patient)
    assert visitor.send("/opened/1/seen").status_code == 403
    assert "There is nothing" not in visitor.show("/opened").text


def test_the_audit_tells_of_it_without_the_reason(console: ConsoleAtWork, ames: Actor, patient: str) -> None:
    opens(console.visit_of(ames), patient)
    with console.house.records.reading() as uow:
        (entry,) = uow.audit.entries(subject=patient)
    assert (entry.actor, entry.action, entry.detail) == (ames.id, "glass.break", "note 1")


def test_the_refusal_names_the_way_in_need(console: ConsoleAtWork, ames: Actor, patient: str) -> None:
    with console.house.records.reading() as uow, pytest.raises(NotTheirs) as refusal:
        check_sees(uow, ames, patient, console.clock())
    assert refusal.value.patient_id == patient


def test_a_patient_without_a_team_is_every_supervisors_and_no_clinicians(
    console: ConsoleAtWork, ames: Actor
) -> None:
    teamless = console.patient(address="conversation-2").id
    assert seen(console, console.hire(Role.SUPERVISOR), teamless)
    assert not seen(console, ames, teamless)


def test_those_who_care_for_nobody_open_nobody(console: ConsoleAtWork, patient: str) -> None:
    for role in (Role.AUTHOR, Role.ADMINISTRATOR, Role.AUDITOR):
        assert opens(console.signed_in(role), patient) == 403
