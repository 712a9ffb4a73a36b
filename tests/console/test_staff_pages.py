"""What the administrator does, what everybody does with their own account, and what the auditor reads."""

from __future__ import annotations

import re

import pytest
from console_at_work import ConsoleAtWork
from signing_in import Person, begins

from bot.facts.staff import Account, Actor, Role


@pytest.fixture
def admin(console: ConsoleAtWork) -> Actor:
    return console.hire(Role.ADMINISTRATOR)


def account_of(console: ConsoleAtWork, actor: Actor) -> Account:
    account = console.house.accounts.get(actor.id)
    assert account
    return account


def test_an_invited_clinician_begins_in_their_team(console: ConsoleAtWork, admin: Actor) -> None:
    team = console.team()
    page = console.visit_of(admin).send("/staff/invite", name="Dr Bell", role="clinician", team=team).text
    code = re.search(r'class="sheet code">([^<]+)<', page)
    assert code
    begins(console, console.visitor(), code[1], Person(email="Bell@Clinic.example"))
    bell = console.house.accounts.signing_in_as("bell@clinic.example")
    assert bell
    assert (bell.name, bell.roles, bell.teams) == ("Dr Bell", {Role.CLINICIAN}, {team})


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": " ", "role": "clinician"}, 400),
        ({"name": "Dr Bell"}, 400),
        ({"name": "Dr Bell", "role": "owner"}, 400),
        ({"name": "Dr Bell", "role": "clinician", "team": "none"}, 404),
    ],
)
def test_an_invitation_that_makes_no_sense_invites_nobody(
    console: ConsoleAtWork, admin: Actor, fields: dict[str, str], status: int
) -> None:
    assert console.visit_of(admin).send("/staff/invite", fields).status_code == status
    _, invited, _ = console.house.accounts.everybody(admin)
    assert invited == []


def test_a_changed_role_holds_from_the_next_page_on(console: ConsoleAtWork, admin: Actor) -> None:
    nurse = console.hire(Role.CLINICIAN)
    visitor = console.visit_of(nurse)
    assert visitor.show("/link").status_code == 200
    console.visit_of(admin).send(f"/staff/{nurse.id}", role="author")
    assert visitor.show("/link").status_code == 403


def test_somebody_blocked_is_out_at_once(console: ConsoleAtWork, admin: Actor) -> None:
    nurse = console.hire(Role.CLINICIAN)
    visitor = console.visit_of(nurse)
    console.visit_of(admin).send(f"/staff/{nurse.id}", role="clinician", blocked="yes")
    assert visitor.show("/").status_code == 302
    assert account_of(console, nurse).blocked


def test_nobody_changes_their_own_account_so(console: ConsoleAtWork, admin: Actor) -> None:
    visitor = console.visit_of(admin)
    assert visitor.send(f"/staff/{admin.id}", role="supervisor").status_code == 403
    assert visitor.send(f"/staff/{admin.id}/second-factor").status_code == 403
    assert account_of(console, admin).roles == {Role.ADMINISTRATOR}


def test_a_session_rests_for_half_an_hour_at_most(console: ConsoleAtWork, admin: Actor) -> None:
    visitor = console.visit_of(admin)
    for _ in range(3):
        console.clock.go_on(minutes=29)
        assert visitor.show("/").status_code == 200
    console.clock.go_on(minutes=30)
    assert visitor.show("/").status_code == 302


def test_a_session_lasts_for_twelve_hours_at_most(console: ConsoleAtWork, admin: Actor) -> None:
    visitor = console.visit_of(admin)
    for _ in range(12 * 60 // 20 - 1):
        console.clock.go_on(minutes=20)
        assert visitor.show("/").status_code == 200
    console.clock.go_on(minutes=20)
    assert visitor.show("/").status_code == 302


def test_one_ends_ones_own_sessions_and_nobody_elses(console: ConsoleAtWork, admin: Actor) -> None:
    here, there = console.visit_of(admin), console.visit_of(admin)
    author = console.hire(Role.AUTHOR)
    other = console.visit_of(author)
    (foreign,) = console.house.sessions.all_of(author.id)
    here.send("/mine/sessions/end", session=foreign.id)
    here.send("/mine/sessions/end-others")
    assert (here.show("/").status_code, there.show("/").status_code) == (200, 302)
    assert other.show("/").status_code == 200


def test_the_auditor_reads_by_person_and_time_and_is_in_the_audit(
    console: ConsoleAtWork, admin: Actor
) -> None:
    console.visit_of(admin)
    auditor = console.hire(Role.AUDITOR)
    visitor = console.visit_of(auditor)
    found = visitor.show(f"/audit?actor={admin.id}&from=2026-11-02&to=2026-11-02").text
    assert "session.begin" in found
    assert "There are no such entries." in visitor.show("/audit?from=2026-11-03").text
    assert "audit.read" in visitor.show("/audit").text


def test_what_is_asked_of_the_audit_may_make_no_sense(console: ConsoleAtWork) -> None:
    visitor = console.signed_in(Role.AUDITOR)
    for asked in ("from=x", "to=9999-12-31", "before=x", "before=99999999999999999999", "subject='"):
        assert visitor.show(f"/audit?{asked}").status_code == 200, asked
    assert visitor.show("/audit?subject=%00").status_code == 400


def test_a_clinician_makes_a_code_for_their_own_team_alone(console: ConsoleAtWork) -> None:
    own, other = console.team("Knees"), console.team("Backs")
    visitor = console.signed_in(Role.CLINICIAN, teams=(own,))
    assert "TEAM-" in visitor.send("/link/code", team=own).text
    assert visitor.send("/link/code", team=other).status_code == 403
