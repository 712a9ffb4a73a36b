"""A console over real records, visited by members of staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from bot.assembly import ConsoleHouse
from bot.facts.staff import Actor, Role
from bot.facts.talk import Patient
from bot.usecases.ports import UnitOfWork

SECRET = "a secret of the tests, long enough"
HERE = "http://127.0.0.1"
_FORMS = "forms of the tests"


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **time: float) -> None:
        self.now += timedelta(**time)


class Visitor(FlaskClient):
    """A browser. `send` posts a form as a page of the console would, with its token."""

    def send(self, path: str, data: Mapping[str, Any] | None = None, **fields: Any) -> TestResponse:
        signed = URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps(_FORMS)
        with self.session_transaction(base_url=HERE) as session:
            session["csrf_token"] = _FORMS
        return self.post(path, data={"csrf_token": signed, **(data or {}), **fields}, base_url=HERE)

    def show(self, path: str, **options: Any) -> TestResponse:
        return self.get(path, base_url=HERE, **options)


class ConsoleAtWork:
    def __init__(self, app: Flask, house: ConsoleHouse, clock: Clock) -> None:
        app.test_client_class = Visitor
        self.app = app
        self.house = house
        self.clock = clock
        self._hired = 0

    def visitor(self) -> Visitor:
        """A browser that nobody has signed in with."""
        client = self.app.test_client()
        assert isinstance(client, Visitor)
        return client

    def hire(self, *roles: Role, teams: tuple[str, ...] = (), name: str = "") -> Actor:
        """A new member of staff, in these teams (by id)."""
        self._hired += 1
        with self.house.records.unit() as uow:
            account = uow.staff.add(
                name=name or f"{roles[0].value.title()} {self._hired}",
                email=f"{self._hired}@clinic.example",
                password="never typed",
                roles=roles,
                now=self.clock(),
            )
            uow.teams.put_staff(account.id, teams)
            uow.commit()
            return uow.staff.get(account.id).actor

    def visit_of(self, actor: Actor) -> Visitor:
        """A browser in which this member of staff is signed in."""
        client = self.visitor()
        token = self.house.sessions.begin(actor.id, place="127.0.0.1", agent="a browser")
        with client.session_transaction(base_url=HERE) as session:
            session["_user_id"] = token
            session["_fresh"] = True
        return client

    def signed_in(self, *roles: Role, teams: tuple[str, ...] = ()) -> Visitor:
        return self.visit_of(self.hire(*roles, teams=teams))

    def team(self, name: str = "Knees") -> str:
        """The id of a new care team."""
        with self.house.records.unit() as uow:
            made = uow.teams.add(name)
            uow.commit()
        return made.id

    def patient(self, *teams: str, address: str = "conversation-1") -> Patient:
        """Somebody new whom these teams look after."""
        with self.house.records.unit() as uow:
            enrolled = uow.patients.enrol("web", address, self.clock())
            self.assign(uow, enrolled.id, *teams)
            uow.commit()
        return enrolled

    def assign(self, uow: UnitOfWork, patient_id: str, *teams: str) -> None:
        for team in teams:
            uow.teams.put_patient(patient_id, team, self.clock())
