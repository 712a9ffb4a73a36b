"""Signing in: Flask-Security over our accounts, with our sessions and our patience."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import qrcode
from flask import Flask, current_app, g, request, session
from flask_login import current_user, user_logged_out
from flask_security import (
    Form,
    LoginForm,
    MfRecoveryForm,
    PasswordUtil,
    RoleMixin,
    Security,
    Totp,
    TwoFactorVerifyCodeForm,
    UserDatastore,
    UserMixin,
    VerifyForm,
    hash_password,
    user_authenticated,
)
from flask_security.utils import set_request_attr
from qrcode.image.svg import SvgPathImage

from bot.console.guard import TOKEN
from bot.console.pages import Page, declare, house
from bot.facts.staff import Account
from bot.usecases.access import Permission

HALFWAY = timedelta(minutes=10)  # from the password to the code
PROVED_AT = "proved_at"
LONGEST_WEIGHED = 72  # letters of a password whose strength is looked at

# What of Flask-Security's routes is ours. What we don't offer (help by e-mail, other factors) is nobody's.
ROUTES: Mapping[str, Permission] = {
    "login": Permission.ANYBODY,
    "logout": Permission.STAFF,
    "verify": Permission.STAFF,
    "change_password": Permission.STAFF,
    "two_factor_setup": Permission.ANYBODY,
    "two_factor_setup_validate": Permission.STAFF,
    "two_factor_token_validation": Permission.ANYBODY,
    "mf_recovery": Permission.ANYBODY,
    "mf_recovery_codes": Permission.STAFF,
    "two_factor_rescue": Permission.NOBODY,
    "tf_select": Permission.NOBODY,
    "static": Permission.NOBODY,
}


class Person(UserMixin):
    """An account as Flask-Security knows it."""

    # Flask-Security looks for these on the class.
    fs_uniquifier = ""
    username = None
    tf_phone_number = None
    tf_primary_method: str | None = None
    tf_totp_secret: str | None = None
    mf_recovery_codes: list[str] | None = None

    def __init__(self, account: Account) -> None:
        self.account = account
        self.fs_uniquifier = account.id
        self.email = account.email
        self.password = account.password
        self.active = not account.blocked
        self.roles: list[RoleMixin] = []
        self.tf_totp_secret = account.totp
        self.tf_primary_method = "authenticator" if account.totp else None
        self.mf_recovery_codes = list(account.recovery_codes)


class People(UserDatastore):
    """Finds and keeps accounts through the use cases."""

    def __init__(self) -> None:
        super().__init__(Person, RoleMixin)

    def find_user(self, case_insensitive: bool = False, **which: Any) -> Person | None:
        ((attribute, value),) = which.items()
        accounts = house().accounts
        found = accounts.signing_in_as(value) if attribute == "email" else accounts.get(str(value))
        return Person(found) if found else None

    def put(self, person: Person) -> Person:
        """Of one who is signed in, Flask-Security hands over a stand-in."""
        known = house().accounts.get(person.fs_uniquifier)
        if known:
            changed = replace(
                known,
                password=person.password or known.password,
                totp=person.tf_totp_secret,
                recovery_codes=tuple(person.mf_recovery_codes or ()),
            )
            house().accounts.keep(changed)
        return person

    def set_uniquifier(self, user: UserMixin, uniquifier: str | None = None) -> None:
        """Ids stay; a new password ends the sessions when it is kept."""

    def commit(self) -> None:
        """`put` has kept it."""


class OnceOnly(Totp):
    """Each code of the second factor is taken once."""

    def get_last_counter(self, user: UserMixin) -> int | None:
        account = house().accounts.get(user.fs_uniquifier)
        return account.totp_counter if account else None

    def set_last_counter(self, user: UserMixin, tmatch: Any) -> None:
        if account := house().accounts.get(user.fs_uniquifier):
            house().accounts.keep(replace(account, totp_counter=tmatch.counter))

    def generate_qrcode(self, username: str, totp: str) -> str:
        """As an element of the page: its policy lets no `data:` in."""
        made = qrcode.make(self.get_totp_uri(username, totp), image_factory=SvgPathImage)
        with BytesIO() as file:
            made.save(file)
            return file.getvalue().decode().partition("?>")[2]


class Passwords(PasswordUtil):
    """Of a very long one, the beginning must be strong enough; zxcvbn takes no more."""

    def validate(self, password: str, is_register: bool, **about: Any) -> tuple[list[str] | None, str]:
        faults, _ = super().validate(password[:LONGEST_WEIGHED], is_register, **about)
        return faults, self.normalize(password)


class Unhurried(Form):
    """A form that is looked at only when the pause after wrong tries is over."""

    def whose(self) -> str:
        person = getattr(self, "user", None) or current_user
        return str(person.email)

    def validate(self, **options: Any) -> bool:
        who, place = self.whose(), place_of_request()
        if pause := house().patience.wait(who, place):
            self.form_errors.append(f"Please wait {pause} s after a wrong try, then try again.")
            return False
        if super().validate(**options):
            return True
        house().patience.failed(who, place)
        house().audit.not_signed_in(who, place)
        return False


class SignInForm(Unhurried, LoginForm):
    remember = None

    def whose(self) -> str:
        return str(self.email.data or "").strip().lower()

    def validate(self, **options: Any) -> bool:
        right = super().validate(**options)
        if right:
            session[PROVED_AT] = house().clock().timestamp()
        return right


class CodeForm(Unhurried, TwoFactorVerifyCodeForm):
    pass


class RecoveryForm(Unhurried, MfRecoveryForm):
    pass


class PasswordAgainForm(Unhurried, VerifyForm):
    pass


def place_of_request() -> str:
    return request.remote_addr or ""


def secure(app: Flask, secret: str) -> None:
    app.config.update(config_of(secret))
    security = Security(
        app,
        People(),
        login_form=SignInForm,
        two_factor_verify_code_form=CodeForm,
        mf_recovery_form=RecoveryForm,
        verify_form=PasswordAgainForm,
        password_util_cls=Passwords,
        totp_cls=OnceOnly,
    )
    security.want_json(lambda _: False)
    security.login_manager.user_loader(holder)
    app.before_request(leave_halfway)
    user_authenticated.connect(begin, app)
    user_logged_out.connect(end, app)
    for route, permission in ROUTES.items():
        declare(app, Page(f"security.{route}", permission))


def config_of(secret: str) -> dict[str, Any]:
    settings = {
        "PASSWORD_HASH": "argon2",
        "PASSWORD_SCHEMES": ["argon2"],
        "PASSWORD_SINGLE_HASH": True,
        # OWASP's least: 19 MiB, two rounds, one lane
        "PASSWORD_HASH_PASSLIB_OPTIONS": {
            "argon2__type": "ID",
            "argon2__memory_cost": 19 * 1024,
            "argon2__time_cost": 2,
            "argon2__parallelism": 1,
        },
        "PASSWORD_LENGTH_MIN": 12,
        "PASSWORD_COMPLEXITY_CHECKER": "zxcvbn",
        "RETURN_GENERIC_RESPONSES": True,
        "EMAIL_VALIDATOR_ARGS": {"check_deliverability": False, "test_environment": True},
        "CHANGEABLE": True,
        "SEND_PASSWORD_CHANGE_EMAIL": False,
        "POST_CHANGE_VIEW": "/mine",
        "POST_LOGOUT_VIEW": "/login",
        "TWO_FACTOR": True,
        "TWO_FACTOR_REQUIRED": True,
        "TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
        "TWO_FACTOR_RESCUE_EMAIL": False,
        "TWO_FACTOR_POST_SETUP_VIEW": "/mine",
        "MULTI_FACTOR_RECOVERY_CODES": True,
        "MULTI_FACTOR_RECOVERY_CODES_N": 10,
        "TOTP_SECRETS": {"1": secret},
        "TOTP_ISSUER": "SafeCue",
        "FRESHNESS": timedelta(minutes=10),
        "FRESHNESS_GRACE_PERIOD": timedelta(minutes=5),
        "API_ENABLED_METHODS": ["session"],
        "FLASH_MESSAGES": True,
    }
    return {f"SECURITY_{name}": value for name, value in settings.items()}


def holder(_: str) -> Person | None:
    """Who holds the session of this request, as `recognise` found them."""
    account: Account | None = g.get("account")
    if account is None:
        return None
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return Person(account)


def leave_halfway() -> None:
    """A proved password is good for a while only, if the code doesn't follow."""
    if "tf_user_id" in session:
        waited = house().clock().timestamp() - session.get(PROVED_AT, 0)
        if waited > HALFWAY.total_seconds():
            session.clear()


def begin(_: Flask, user: Person, **__: Any) -> None:
    """Both factors are proved: a new session, and nothing of the one before."""
    place = place_of_request()
    agent = request.user_agent.string[:200]
    session[TOKEN] = house().sessions.begin(user.fs_uniquifier, place=place, agent=agent)
    session.pop("csrf_token", None)
    session.pop(PROVED_AT, None)
    house().patience.succeeded(user.email, place)


def end(_: Flask, **__: Any) -> None:
    if signed_in := g.get("signed_in"):
        house().sessions.end(signed_in.staff_id, signed_in.id)


def weighed(password: str, about: Mapping[str, str]) -> tuple[list[str], str]:
    """What is wrong with a new password, and its hash. `about`: what it should not be made of."""
    util = current_app.extensions["security"].password_util
    faults, password = util.validate(password, True, **about)
    return list(faults or ()), "" if faults else str(hash_password(password))
