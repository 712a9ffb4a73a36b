"""From the invitation to the first page, and what stands in the way of everybody else."""

from __future__ import annotations

import time
from urllib.parse import urljoin, urlsplit

import pytest
from console_at_work import HERE, ConsoleAtWork, Visitor
from signing_in import Person, begins, post, sets_up_app, token_in, types_code, types_password

from bot.facts.staff import Role


@pytest.fixture
def invited(console: ConsoleAtWork) -> str:
    code, _ = console.house.accounts.invite_first("Dr Ames", Role.ADMINISTRATOR)
    return code


@pytest.fixture
def ames(console: ConsoleAtWork, invited: str) -> Person:
    """Has an account and an app; signed in nowhere."""
    person, visitor = Person(), console.visitor()
    begins(console, visitor, invited, person)
    page = sets_up_app(visitor, person, types_password(visitor, person))
    done = types_code(visitor, page, person.code(time.time() - 30))
    assert "Good to see you, Dr Ames" in done.text
    return person


def signs_in(visitor: Visitor, person: Person) -> str:
    page = types_password(visitor, person)
    return types_code(visitor, page, person.code(time.time())).text


def test_the_first_page_needs_password_and_code(console: ConsoleAtWork, ames: Person) -> None:
    visitor = console.visitor()
    assert "Good to see you" not in types_password(visitor, ames).text
    assert "Good to see you" not in visitor.get("/", base_url=HERE, follow_redirects=True).text
    assert "Good to see you" in signs_in(visitor, ames)


def test_an_invitation_is_taken_once(console: ConsoleAtWork, invited: str) -> None:
    assert "Your account is there" in begins(console, console.visitor(), invited, Person()).text
    again = begins(console, console.visitor(), invited, Person(email="mallory@example.org"))
    assert again.status_code == 400
    assert "was used" in again.text


def test_an_invitation_ends(console: ConsoleAtWork, invited: str) -> None:
    console.clock.go_on(days=3)
    assert begins(console, console.visitor(), invited, Person()).status_code == 400


@pytest.mark.parametrize("weak", ["password1234", "qwertyuiopas", "short", "ames@clinic.example"])
def test_a_weak_password_is_refused_and_the_invitation_stays(
    console: ConsoleAtWork, invited: str, weak: str
) -> None:
    assert begins(console, console.visitor(), invited, Person(password=weak)).status_code == 400
    assert "Your account is there" in begins(console, console.visitor(), invited, Person()).text


def test_a_very_long_password_is_taken_whole(console: ConsoleAtWork, invited: str) -> None:
    person = Person(password="seven quiet herons at the weir " * 6)
    begins(console, console.visitor(), invited, person)
    refused = types_password(console.visitor(), person, person.password[:100])
    assert "Your second factor" not in refused.text
    assert "Your second factor" in types_password(console.visitor(), person).text


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    console: ConsoleAtWork, ames: Person
) -> None:
    wrong = types_password(console.visitor(), ames, "another password, wrong")
    unknown = types_password(console.visitor(), Person(email="nobody@clinic.example"))
    known, stranger = (page.text.split("<main")[1] for page in (wrong, unknown))
    for page in (known, stranger):
        assert "Authentication failed" in page
    assert known.replace(ames.email, "") != known
    assert _without_tokens(known, ames.email) == _without_tokens(stranger, "nobody@clinic.example")


def _without_tokens(page: str, email: str) -> str:
    return page.replace(token_in(page), "").replace(email, "")


def test_a_code_is_taken_once(console: ConsoleAtWork, ames: Person) -> None:
    code = ames.code(time.time())
    first, second = console.visitor(), console.visitor()
    assert "Good to see you" in types_code(first, types_password(first, ames), code).text
    assert "Good to see you" not in types_code(second, types_password(second, ames), code).text


def test_after_three_wrong_tries_the_right_password_waits(console: ConsoleAtWork, ames: Person) -> None:
    for _ in range(3):
        types_password(console.visitor(), ames, "another password, wrong")
    assert "Please wait 1 s" in types_password(console.visitor(), ames).text
    console.clock.go_on(seconds=1)
    assert "Six digits" in types_password(console.visitor(), ames).text


def test_wrong_codes_wait_too_also_behind_a_new_password(console: ConsoleAtWork, ames: Person) -> None:
    visitor = console.visitor()
    page = types_password(visitor, ames)
    for _ in range(3):
        page = types_code(visitor, page, "000000")
    assert "Please wait 1 s" in types_code(visitor, page, ames.code(time.time())).text
    assert "Please wait 1 s" in types_password(console.visitor(), ames).text


def test_a_proved_password_is_good_for_ten_minutes(console: ConsoleAtWork, ames: Person) -> None:
    visitor = console.visitor()
    page = types_password(visitor, ames)
    console.clock.go_on(minutes=11)
    assert "Good to see you" not in types_code(visitor, page, ames.code(time.time())).text


def test_a_recovery_code_takes_the_place_of_the_app_once(console: ConsoleAtWork, ames: Person) -> None:
    visitor = console.visitor()
    signs_in(visitor, ames)
    page = visitor.show("/mf-recovery-codes").text
    made = post(visitor, "/mf-recovery-codes", csrf_token=token_in(page), generate_new_codes="yes").text
    code = made.split('<li class="code">')[1].split("<")[0]
    used, again = console.visitor(), console.visitor()
    assert "Good to see you" in recovers(used, ames, code)
    assert "Good to see you" not in recovers(again, ames, code)


def recovers(visitor: Visitor, person: Person, code: str) -> str:
    page = types_password(visitor, person)
    return post(visitor, "/mf-recovery", csrf_token=token_in(page.text), code=code).text


def test_a_session_is_a_new_one_at_every_sign_in(console: ConsoleAtWork, ames: Person) -> None:
    visitor = console.visitor()
    signs_in(visitor, ames)
    begun = console.house.sessions.all_of(whose(console, ames))
    assert len({session.id for session in begun}) == 2


def whose(console: ConsoleAtWork, person: Person) -> str:
    account = console.house.accounts.signing_in_as(person.email)
    assert account
    return account.id


def test_signing_out_ends_the_session_also_for_a_copy_of_the_cookie(
    console: ConsoleAtWork, ames: Person
) -> None:
    visitor, thief = console.visitor(), console.visitor()
    page = signs_in(visitor, ames)
    cookie = visitor.get_cookie("safecue-console", domain="127.0.0.1")
    assert cookie
    thief.set_cookie("safecue-console", cookie.value, domain="127.0.0.1")
    assert thief.show("/").status_code == 200
    post(visitor, "/logout", csrf_token=token_in(page))
    assert thief.show("/").status_code == 302


def test_a_new_password_ends_all_other_sessions(console: ConsoleAtWork, ames: Person) -> None:
    visitor = console.visitor()
    signs_in(visitor, ames)
    other = console.visit_of(console.house.accounts.get(whose(console, ames)).actor)  # type: ignore[union-attr]
    page = visitor.show("/change").text
    changed = post(
        visitor,
        "/change",
        csrf_token=token_in(page),
        password=ames.password,
        new_password="nine loud geese on the lawn",
        new_password_confirm="nine loud geese on the lawn",
    )
    assert changed.status_code == 200
    assert visitor.show("/").status_code == 200
    assert other.show("/").status_code == 302


def test_a_form_without_its_token_changes_nothing(console: ConsoleAtWork, ames: Person) -> None:
    forged = console.visitor().post(
        "/login", data={"email": ames.email, "password": ames.password}, base_url=HERE
    )
    assert forged.status_code == 400


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_host(console: ConsoleAtWork, ames: Person, elsewhere: str) -> None:
    visitor = console.visitor()
    page = visitor.get("/login", query_string={"next": elsewhere}, base_url=HERE).text
    first = {"csrf_token": token_in(page), "email": ames.email, "password": ames.password}
    answers = [visitor.post("/login", query_string={"next": elsewhere}, data=first, base_url=HERE)]
    if "Location" in answers[0].headers:
        second = {"csrf_token": token_in(page), "code": ames.code(time.time())}
        answers.append(
            visitor.post("/tf-validate", query_string={"next": elsewhere}, data=second, base_url=HERE)
        )
    led_to = [urlsplit(urljoin(HERE, answer.headers.get("Location", "/"))) for answer in answers]
    assert {(place.scheme, place.netloc) for place in led_to} == {("http", "127.0.0.1")}


def test_signing_in_leads_to_the_page_that_was_asked_for(console: ConsoleAtWork, ames: Person) -> None:
    visitor = console.visitor()
    to_login = visitor.show("/staff").headers["Location"]
    page = visitor.show(to_login).text
    halfway = visitor.post(
        to_login,
        data={"csrf_token": token_in(page), "email": ames.email, "password": ames.password},
        base_url=HERE,
    )
    page = visitor.show(halfway.headers["Location"]).text
    done = visitor.post(
        halfway.headers["Location"],
        data={"csrf_token": token_in(page), "code": ames.code(time.time())},
        base_url=HERE,
    )
    assert done.headers["Location"] == "/staff"


def test_nobody_is_remembered_beyond_the_session(console: ConsoleAtWork, ames: Person) -> None:
    visitor = console.visitor()
    page = visitor.show("/login").text
    post(
        visitor,
        "/login",
        csrf_token=token_in(page),
        email=ames.email,
        password=ames.password,
        remember="on",
    )
    types_code(visitor, visitor.show("/tf-validate"), ames.code(time.time()))
    assert visitor.get_cookie("remember_token", domain="127.0.0.1") is None
    assert visitor.show("/").status_code == 200
