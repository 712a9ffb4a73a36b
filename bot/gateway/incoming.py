"""What an update of Telegram means to us. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from telegram import CallbackQuery, ChatMemberUpdated, Message, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.ext import filters

WANTED = (
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.MY_CHAT_MEMBER,
)
GROUPS = frozenset({ChatType.GROUP, ChatType.SUPERGROUP})
# What a button means that only shows what was chosen.
INERT = "-"


@dataclass(frozen=True, slots=True)
class Words:
    """Something sent in a private chat. `text` is empty where it held no words: a photo, a voice message."""

    chat_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button, under which message, and the query that waits for a sign that it was heard."""

    chat_id: int
    token: str
    query_id: str
    message_id: int | None


@dataclass(frozen=True, slots=True)
class InGroup:
    """Somebody spoke where others listen."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Reach:
    """The patient blocked the coach, or let it in again."""

    chat_id: int
    open_to_us: bool


Heard = Words | Press | InGroup | Reach


def read(update: Update) -> Heard | None:
    """None where nobody said anything: a service message, a moving location, a channel."""
    if update.callback_query is not None:
        return _press(update.callback_query)
    if update.my_chat_member is not None:
        return _reach(update.my_chat_member)
    message = update.message or update.edited_message
    if message is None:
        return None
    if message.chat.type in GROUPS:
        return InGroup(message.chat.id) if message.left_chat_member is None else None
    if message.chat.type != ChatType.PRIVATE or _says_nothing(update, message):
        return None
    return Words(message.chat.id, _text(message))


def chat_of(update: Update) -> int:
    """Whose line the update stands in."""
    place = update.effective_chat or update.effective_user
    return place.id if place else update.update_id


def _text(message: Message) -> str:
    return message.text or message.caption or ""


def _says_nothing(update: Update, message: Message) -> bool:
    edited_only = update.edited_message is not None and not _text(message)
    return edited_only or bool(filters.StatusUpdate.ALL.check_update(update))


def _press(query: CallbackQuery) -> Press | None:
    if query.message is not None and query.message.chat.type != ChatType.PRIVATE:
        return None
    message_id = query.message.message_id if query.message else None
    return Press(query.from_user.id, query.data or "", query.id, message_id)


def _reach(change: ChatMemberUpdated) -> Reach | None:
    if change.chat.type != ChatType.PRIVATE:
        return None
    return Reach(change.chat.id, change.new_chat_member.status != ChatMemberStatus.BANNED)
