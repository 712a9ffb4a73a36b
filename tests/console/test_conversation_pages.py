"""The list of conversations and one conversation, as staff visit them."""

from __future__ import annotations

import csv
import html
import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from console_at_work import ConsoleAtWork, Visitor

from bot.console.talk_file import harmless
from bot.facts.clinical import Evidence, Level, Presence, Reason, Subject, SymptomFact, Time, Urgency, Verdict
from bot.facts.flags import REQUEST, FlagKind
from bot.facts.staff import Role
from bot.facts.talk import Message, Standing, TurnState

CHEST = "Since lunch I have chest pain & feel <odd>"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
SCREENED_BY = "screening-v1"


class Clinic:
    """A team with a clinician and a patient who takes part."""

    def __init__(self, console: ConsoleAtWork) -> None:
        self.console = console
        self.house = console.house
        self.team = console.team()
        self.nurse = console.hire(Role.CLINICIAN, teams=(self.team,), name="Nurse Ames")
        self.visit = console.visit_of(self.nurse)
        self.patient_id = console.patient(self.team).id
        self.here = f"/conversations/{self.patient_id}"
        with self.house.records.unit() as uow:
            uow.patients.set_standing(self.patient_id, Standing.ACTIVE)
            uow.patients.remember(
                self.patient_id, {"country": "GB", "zone": "Europe/Paris", "region": "knee"}
            )
            uow.commit()

    def hears(self, text: str, **understood: object) -> Message:
        with self.house.records.unit() as uow:
            message, _ = uow.messages.receive(
                self.patient_id,
                text=text,
                payload=None,
                door_key=None,
                now=self.console.clock(),
                erase_at=None,
            )
            uow.messages.set_state(message.id, TurnState.ANSWERED, understood)
            uow.commit()
        return message

    def judges(self, message: Message, level: Level, words: str) -> int:
        start = (message.text or "").index(words)
        evidence = (Evidence(start, start + len(words), words),)
        fact = SymptomFact("chest_pain", Presence.PRESENT, Subject.SELF, Time.NOW, evidence, "chest")
        verdict = Verdict(
            level, Urgency.NOW, (Reason("chest_pain", "1f2e3d4c", level, Urgency.NOW, evidence),)
        )
        with self.house.records.unit() as uow:
            made = uow.assessments.add(
                self.patient_id,
                message.id,
                [fact],
                verdict,
                content_version=SCREENED_BY,
                now=self.console.clock(),
            )
            uow.commit()
        return made

    def says(self, content_id: str, **variables: str) -> Message:
        with self.house.records.unit() as uow:
            said = [
                uow.messages.say(self.patient_id, reply, in_reply_to=None, now=self.console.clock())
                for reply in self.house.library.say(content_id, **variables)
            ]
            uow.commit()
        return said[-1]

    def audited(self, action: str) -> list[tuple[str, str]]:
        lines = self.house.records.export(self.patient_id)["audit"]
        return [(line["actor"], line["detail"]) for line in lines if line["action"] == action]

    def others_visit(self, *roles: Role, team: bool = True) -> Visitor:
        return self.console.signed_in(*(roles or (Role.CLINICIAN,)), teams=(self.team,) if team else ())

    def waits(self, **time: float) -> None:
        """For longer than a session lasts, perhaps."""
        self.console.clock.go_on(**time)
        self.visit = self.console.visit_of(self.nurse)


@pytest.fixture
def clinic(console: ConsoleAtWork) -> Clinic:
    return Clinic(console)


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


# The list


def test_the_list_tells_level_reading_and_wish_and_none_of_the_patients_words(clinic: Clinic) -> None:
    clinic.judges(clinic.hears(CHEST), Level.STOP, "chest pain")
    with clinic.house.records.unit() as uow:
        uow.flags.raise_(
            clinic.patient_id,
            level=REQUEST,
            kind=FlagKind.REQUEST,
            urgency="soon",
            summary="x",
            assessment_id=None,
            now=clinic.console.clock(),
        )
        uow.commit()
    page = clinic.visit.show("/conversations").text
    told = plain(page)
    for words in (clinic.patient_id[:8], "● unread", "■ stop", "open: stop", "asks for a person", "knee"):
        assert words in told
    assert "lunch" not in page


def test_a_filter_stands_in_the_address_and_goes_along_to_older_pages(clinic: Clinic) -> None:
    clinic.hears("hi", intent="greet", confidence=0.5)
    found = {
        address: clinic.patient_id in clinic.visit.show(f"/conversations?{address}").text
        for address in (
            "since=2026-11-02",
            "until=2026-11-01",
            "level=none",
            "level=stop",
            "tags=odd",
            "without=odd",
            "intent=greet&from=40&to=50",
            "from=51",
            "content=say_stop_chest@1a2b3c4d",
            "reading=unread",
            "reading=later",
            "asks=yes",
        )
    }
    assert {address for address, is_there in found.items() if is_there} == {
        "since=2026-11-02",
        "level=none",
        "without=odd",
        "intent=greet&from=40&to=50",
        "reading=unread",
    }


@pytest.mark.parametrize(
    "address",
    [
        "since=yesterday",
        "until=9999-12-31",
        "level=<b>",
        "tags=a_b",
        "from=-1",
        "to=ten",
        "content=A B",
        "reading=x",
    ],
)
def test_a_filter_that_makes_no_sense_is_told_and_kept(clinic: Clinic, address: str) -> None:
    clinic.hears("hi")
    answer = clinic.visit.show(f"/conversations?{address}&intent=greet")
    assert answer.status_code == 400
    assert "Nothing is listed" in answer.text
    assert 'value="greet"' in answer.text
    assert clinic.patient_id not in answer.text


def test_older_conversations_are_a_page_further(clinic: Clinic) -> None:
    for number in range(51):
        patient = clinic.console.patient(clinic.team, address=f"address-{number}")
        clinic.console.clock.go_on(seconds=1)
        with clinic.house.records.unit() as uow:
            uow.messages.receive(
                patient.id, text="hi", payload=None, door_key=None, now=clinic.console.clock(), erase_at=None
            )
            uow.commit()
    first = clinic.visit.show("/conversations?reading=unread").text
    (older,) = re.findall(r'href="([^"]*behind=[^"]*)"', html.unescape(first))
    assert "reading=unread" in older
    second = clinic.visit.show(older).text
    ids = [set(re.findall(r'href="/conversations/([0-9a-f]{32})"', page)) for page in (first, second)]
    assert (len(ids[0]), len(ids[1]), ids[0] & ids[1]) == (50, 1, set())


# Whose


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.ADMINISTRATOR, Role.AUDITOR])
def test_who_has_nothing_to_do_with_patients_opens_none_of_these_pages(clinic: Clinic, role: Role) -> None:
    heard = clinic.hears(CHEST)
    visit = clinic.others_visit(role)
    shown = [
        visit.show(path).status_code
        for path in (
            "/conversations",
            clinic.here,
            f"{clinic.here}/all",
            f"{clinic.here}/pictures/{heard.id}",
        )
    ]
    sent = [
        visit.send(path, text="x", tag="x").status_code
        for path in (
            f"{clinic.here}/file.csv",
            f"{clinic.here}/notes",
            f"{clinic.here}/tags",
            f"{clinic.here}/tags/remove",
            f"{clinic.here}/reading",
            f"{clinic.here}/replies",
            "/notes/1/share",
            "/notes/1/remove",
        )
    ]
    assert {*shown, *sent} == {403}


def test_another_teams_patient_is_neither_listed_nor_opened_nor_touched(clinic: Clinic) -> None:
    heard = clinic.hears(CHEST)
    visit = clinic.others_visit(team=False)
    assert clinic.patient_id not in visit.show("/conversations").text
    for path in (clinic.here, f"{clinic.here}/all", f"{clinic.here}?m={heard.id}"):
        answer = visit.show(path)
        assert answer.status_code == 403
        assert "lunch" not in answer.text
    for path in ("file.json", "notes", "tags", "tags/remove", "replies"):
        answer = visit.send(f"{clinic.here}/{path}", text="x", tag="x", template="from_clinician_read")
        assert answer.status_code == 403
    assert visit.send(f"{clinic.here}/reading", reading="later").status_code == 403
    kept = clinic.house.records.export(clinic.patient_id)
    assert [kept[table] for table in ("notes", "tags", "readings", "sent_by_hand")] == [[]] * 4


def test_what_is_opened_in_need_can_be_read_for_its_hour(clinic: Clinic) -> None:
    clinic.hears(CHEST)
    stranger = clinic.console.hire(Role.CLINICIAN)
    visit = clinic.console.visit_of(stranger)
    assert visit.show(clinic.here).status_code == 403
    opened = visit.send(f"/patients/{clinic.patient_id}/break-glass/now", reason="She stands at our door.")
    assert opened.headers["Location"] == clinic.here
    assert "lunch" in visit.show(clinic.here).text
    clinic.waits(hours=2)
    assert clinic.console.visit_of(stranger).show(clinic.here).status_code == 403


def test_a_message_of_another_talk_is_not_found_in_this_one(clinic: Clinic) -> None:
    theirs = clinic.console.patient(clinic.team, address="other")
    with clinic.house.records.unit() as uow:
        other, _ = uow.messages.receive(
            theirs.id, text="theirs", payload=None, door_key=None, now=clinic.console.clock(), erase_at=None
        )
        uow.commit()
    assert clinic.visit.show(f"{clinic.here}?m={other.id}").status_code == 404
    assert clinic.visit.send(f"{clinic.here}/notes", text="x", on=other.id).status_code == 404
    for path in (f"/conversations/{'0' * 32}", "/conversations/nobody", f"{clinic.here}?m=nobody"):
        assert clinic.visit.show(path).status_code == 404


# One conversation


def test_a_conversation_shows_both_clocks_gaps_buttons_and_what_was_understood(clinic: Clinic) -> None:
    heard = clinic.hears(CHEST, intent="report_symptom", confidence=0.82, ranking=[["report_symptom", 0.82]])
    clinic.judges(heard, Level.STOP, "chest pain")
    clinic.waits(hours=26, minutes=5)
    asked = clinic.says("ask_region")
    with clinic.house.records.unit() as uow:
        token = next(token for title, token in asked.buttons if title == "Knee")
        taken = uow.messages.take_token(clinic.patient_id, token, clinic.console.clock())
        assert taken
        uow.messages.receive(
            clinic.patient_id,
            text=taken.title,
            payload=taken.payload,
            door_key=None,
            now=clinic.console.clock(),
            erase_at=None,
        )
        uow.commit()
    page = clinic.visit.show(clinic.here).text
    told = plain(page)
    for words in (
        "13:00 patient's clock · 12:00 UTC",
        "1 day 2 hours later",
        "Knee ✓ pressed",
        "report_symptom , 82 % sure",
        "chest_pain version 1f2e3d4c",
        "screening content screening-v1",
        "ask_region version",
        "Delivery pending",
    ):
        assert words in told, words
    assert "<mark>chest pain</mark> &amp; feel &lt;odd&gt;" in page
    assert f'id="m-{heard.id}"' in page


def test_a_link_leads_to_the_message_with_some_before_it_and_pages_go_both_ways(clinic: Clinic) -> None:
    messages = [clinic.hears(f"message {n}.") for n in range(130)]

    def shown(where: str) -> list[int]:
        page = clinic.visit.show(f"{clinic.here}{where}").text
        return [int(number) for number in re.findall(r"message (\d+)\.", page)]

    assert shown("") == [*range(80, 130)]
    assert shown("?before=81") == [*range(30, 80)]
    assert shown("?behind=30") == [*range(30, 80)]
    assert shown("?before=rubbish") == [*range(80, 130)]
    assert shown(f"?m={messages[60].id}") == [*range(50, 100)]
    assert shown("?day=2026-11-01") == [*range(0, 50)]
    assert shown("?day=2027-01-01") == shown("?day=rubbish") == [*range(80, 130)]
    assert shown("/all") == [*range(130)]


def test_every_read_is_in_the_audit_with_who_and_what(clinic: Clinic) -> None:
    heard = clinic.hears(CHEST)
    for where in ("", f"?m={heard.id}", "?before=5", "?behind=0", "?day=2026-11-01", "/all"):
        assert clinic.visit.show(f"{clinic.here}{where}").status_code == 200
    assert clinic.audited("conversation.read") == [
        (clinic.nurse.id, what)
        for what in (
            "what is new",
            f"around message {heard.id}",
            "before message number 5",
            "behind message number 0",
            "from 2026-11-01",
            "everything",
        )
    ]


def test_the_progress_picture_is_drawn_from_what_was_logged_by_then(clinic: Clinic) -> None:
    said = clinic.says("progress_shown", days="Monday 4")
    other = clinic.hears("hi")
    picture = clinic.visit.show(f"{clinic.here}/pictures/{said.id}")
    assert (picture.status_code, picture.content_type, picture.data[:4]) == (200, "image/png", b"\x89PNG")
    assert clinic.visit.show(f"{clinic.here}/pictures/{other.id}").status_code == 404


# Hostile words


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (SCRIPT, "&lt;script&gt;alert(1)"),
        (
            "a\u202egpj.exe\u2066b",
            '<span class="hidden-char" title="right-to-left override">[U+202E]</span>gpj.exe',
        ),
        ("nul \x00 half \ud800 end", "[U+0000]</span> half "),
        ("x" * 100_000, "The other 98,500 characters"),
        ("{{ 7 * 7 }}{% raw %}", "{{ 7 * 7 }}{% raw %}"),
        ("👩‍👩‍👧 مرحبا", "👩‍👩‍👧 مرحبا"),
    ],
)
def test_hostile_words_are_shown_and_do_nothing(clinic: Clinic, words: str, shown: str) -> None:
    heard = clinic.hears(words, slot="goal", value=words[:100])
    clinic.visit.send(f"{clinic.here}/notes", text=words[:4000].replace("\ud800", ""), on=heard.id)
    for path in (clinic.here, f"{clinic.here}/all"):
        page = clinic.visit.show(path).text
        assert shown in page
        assert SCRIPT not in page
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\ud800]", page)


# The file


def test_a_talk_leaves_as_a_file_and_that_is_in_the_audit(clinic: Clinic) -> None:
    clinic.judges(clinic.hears(CHEST), Level.STOP, "chest pain")
    clinic.hears('=HYPERLINK("http://evil.example")')
    clinic.hears("half \ud800")
    clinic.says("chat_greet")
    table = clinic.visit.send(f"{clinic.here}/file.csv")
    assert (
        table.headers["Content-Disposition"]
        == f'attachment; filename="conversation-{clinic.patient_id[:8]}.csv"'
    )
    rows = [*csv.DictReader(StringIO(table.data.decode("utf-8-sig")))]
    assert [row["text"] for row in rows[:2]] == [CHEST, '\'=HYPERLINK("http://evil.example")']
    assert (rows[0]["level"], rows[0]["rules"], rows[0]["from"]) == ("stop", "chest_pain@1f2e3d4c", "patient")
    assert rows[0]["at_patients_clock"] == "2026-11-02T13:00:00+01:00"
    lines = json.loads(clinic.visit.send(f"{clinic.here}/file.json").data)
    assert [line["text"] for line in lines[:3]] == [CHEST, '=HYPERLINK("http://evil.example")', "half \ud800"]
    assert lines[3]["delivery"] == "pending"
    assert clinic.audited("conversation.export") == [(clinic.nurse.id, "csv"), (clinic.nurse.id, "json")]
    assert clinic.visit.show(f"{clinic.here}/file.csv").status_code == 405
    assert clinic.visit.send(f"{clinic.here}/file.exe").status_code == 404


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\ufeff=1"])
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless(f"a{cell}") == f"a{cell}"


# Beside the talk


def test_a_note_stays_with_its_writer_until_shared_and_is_the_writers_to_change(clinic: Clinic) -> None:
    heard = clinic.hears("hi")
    colleague = clinic.others_visit()
    answer = clinic.visit.send(f"{clinic.here}/notes", text=" sounds low ", on=heard.id)
    assert answer.headers["Location"] == f"{clinic.here}?m={heard.id}#m-{heard.id}"
    assert "sounds low" in clinic.visit.show(clinic.here).text
    assert "sounds low" not in colleague.show(clinic.here).text
    assert colleague.send("/notes/1/share").status_code == 404
    clinic.visit.send("/notes/1/share")
    page = colleague.show(clinic.here).text
    assert "sounds low" in page
    assert "/notes/1/" not in page
    assert colleague.send("/notes/1/remove").status_code == 403
    assert clinic.visit.send("/notes/1/remove").status_code == 303
    assert "sounds low" not in clinic.visit.show(clinic.here).text
    assert [clinic.audited(f"note.{step}") for step in ("write", "share", "remove")] == [
        [(clinic.nurse.id, "note 1")]
    ] * 3


@pytest.mark.parametrize(
    ("path", "field", "typed", "told"),
    [
        ("notes", "text", "x" * 4001, "yours has 4001"),
        ("notes", "text", " \n", "yours has 0"),
        ("tags", "tag", "what a day!", "A tag is 1 to 32 letters"),
        ("tags", "tag", "x" * 33, "A tag is 1 to 32 letters"),
    ],
)
def test_what_does_not_fit_the_margin_is_told_and_stays_in_its_box(
    clinic: Clinic, path: str, field: str, typed: str, told: str
) -> None:
    heard = clinic.hears("hi")
    for on in ("", heard.id):
        answer = clinic.visit.send(f"{clinic.here}/{path}", {field: typed, "on": on})
        assert answer.status_code == 400
        assert told in answer.text
        assert typed.strip() in answer.text


def test_a_tag_is_put_in_one_spelling_found_by_the_filter_and_taken_away(clinic: Clinic) -> None:
    heard = clinic.hears("hi")
    for on in ("", heard.id):
        assert clinic.visit.send(f"{clinic.here}/tags", tag=" Call_Back soon ", on=on).status_code == 303
        assert clinic.patient_id in clinic.visit.show("/conversations?tags=call-back-soon").text
        clinic.visit.send(f"{clinic.here}/tags/remove", tag="call-back-soon", on=on)
        assert clinic.patient_id not in clinic.visit.show("/conversations?tags=call-back-soon").text


def test_reviewed_holds_up_to_what_was_shown_and_for_oneself_alone(clinic: Clinic) -> None:
    clinic.hears("one")
    colleague = clinic.others_visit()

    def is_marked(visit: Visitor = clinic.visit) -> str:
        (found,) = re.findall(r"For me: <strong>(\w+)<", visit.show(clinic.here).text)
        return str(found)

    assert is_marked() == "unread"
    clinic.hears("came while reading")
    clinic.visit.send(f"{clinic.here}/reading", reading="reviewed", upto="1")
    assert is_marked() == "unread"
    clinic.visit.send(f"{clinic.here}/reading", reading="reviewed", upto="2")
    assert (is_marked(), is_marked(colleague)) == ("reviewed", "unread")
    clinic.visit.send(f"{clinic.here}/reading", reading="later", upto="2")
    assert is_marked() == "later"
    assert clinic.visit.send(f"{clinic.here}/reading", reading="read", upto="2").status_code == 400
    assert clinic.visit.send(f"{clinic.here}/reading", reading="later", upto="x").status_code == 400


def test_reading_goes_on_where_it_stopped_when_more_came_than_a_page_holds(clinic: Clinic) -> None:
    def come(*numbers: int) -> None:
        for number in numbers:
            clinic.hears(f"message {number}.")

    def shown(where: str = "") -> tuple[list[str], bool]:
        page = clinic.visit.show(f"{clinic.here}{where}").text
        parts = page.partition("New since you reviewed")
        seen = re.findall(r"message \d+\.", page)
        return [seen[0], seen[-1], *re.findall(r"message \d+\.", parts[2])[:1]], bool(parts[1])

    come(*range(1, 61))
    assert shown() == (["message 11.", "message 60."], False)
    clinic.visit.send(f"{clinic.here}/reading", reading="reviewed", upto="60")
    come(61, 62)
    assert shown() == (["message 13.", "message 62.", "message 61."], True)
    come(*range(63, 200))
    assert shown() == (["message 51.", "message 100.", "message 61."], True)
    assert shown("?newest") == (["message 150.", "message 199."], False)
    clinic.visit.send(f"{clinic.here}/reading", reading="later", upto="199")
    assert shown() == (["message 51.", "message 100.", "message 61."], True)
    clinic.visit.send(f"{clinic.here}/reading", reading="unread", upto="199")
    assert shown() == (["message 150.", "message 199."], False)


def test_a_review_goes_on_in_the_view_it_began_in(clinic: Clinic) -> None:
    clinic.hears("one")
    clinic.visit.show("/conversations?reading=unread&tags=")
    assert 'href="/conversations?reading=unread"' in clinic.visit.show(clinic.here).text
    answer = clinic.visit.send(f"{clinic.here}/reading", reading="reviewed", upto="1")
    assert answer.headers["Location"] == "/conversations?reading=unread"


# Approved words


def test_approved_words_go_out_under_the_clinicians_name(clinic: Clinic) -> None:
    clinic.hears("hi")
    answer = clinic.visit.send(f"{clinic.here}/replies", template="from_clinician_read")
    assert answer.status_code == 303
    page = clinic.visit.show(clinic.here).text
    assert "Nurse Ames, by hand" in page
    with clinic.house.records.reading() as uow:
        (parcel,) = uow.outbox.due("web", clinic.console.clock() + timedelta(seconds=1))
    assert (parcel.message.text or "").startswith(
        "Nurse Ames from your care team writes to you here, not the program"
    )
    assert parcel.message.content_id == "from_clinician_read"
    ((who, what),) = clinic.audited("reply.send")
    assert (who, what.partition(",")[0]) == (clinic.nurse.id, "from_clinician_read")


def test_nothing_but_a_template_can_be_sent(clinic: Clinic) -> None:
    clinic.hears("hi")
    for template in ("", "chat_greet", "say_stop_chest", "cue_knee_squat", SCRIPT):
        assert (
            clinic.visit.send(f"{clinic.here}/replies", template=template, text="Take two").status_code == 404
        )
    assert clinic.house.records.export(clinic.patient_id)["outbox"] == []


def test_praise_is_refused_while_a_stop_stands_and_plain_words_are_not(clinic: Clinic) -> None:
    clinic.judges(clinic.hears(CHEST), Level.STOP, "chest pain")
    assert "Not now: It may not be said while" in clinic.visit.show(clinic.here).text
    refused = clinic.visit.send(f"{clinic.here}/replies", template="from_clinician_well_done")
    assert refused.status_code == 409
    assert "It may not be said while" in refused.text
    assert clinic.house.records.export(clinic.patient_id)["outbox"] == []
    assert clinic.visit.send(f"{clinic.here}/replies", template="from_clinician_calls").status_code == 303


@pytest.mark.parametrize("standing", [s for s in Standing if s is not Standing.ACTIVE])
def test_who_does_not_take_part_is_sent_nothing(clinic: Clinic, standing: Standing) -> None:
    clinic.hears("hi")
    with clinic.house.records.unit() as uow:
        uow.patients.set_standing(clinic.patient_id, standing)
        uow.commit()
    assert clinic.visit.send(f"{clinic.here}/replies", template="from_clinician_read").status_code == 409
