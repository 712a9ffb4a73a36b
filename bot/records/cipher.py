"""Keys: where they are kept, sealing and opening values with them, and the blind lookup of addresses.

Values are sealed with the first key and opened with any. The lookup of a door's address is an HMAC-SHA256
under a random secret of its own; that secret lies in the database, sealed like every other value. So the
lookup stays the same when keys are rotated, and is worth nothing without a key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.records.errors import KeyFileUnsafe, WrongKey

_OPEN_TO_OTHERS = 0o077


def new_key() -> str:
    return Fernet.generate_key().decode("ascii")


def new_secret() -> str:
    return secrets.token_hex(32)


class Cipher:
    """Seals with the first of `keys`, opens with all of them. ValueError: no key, or a malformed one."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("no encryption key given")
        try:
            fernets = [Fernet(key.strip()) for key in keys]
        except ValueError:
            raise ValueError("an encryption key is not 32 url-safe base64-encoded bytes") from None
        self._newest = fernets[0]
        self._all = MultiFernet(fernets)

    def seal(self, text: str) -> str:
        return self._all.encrypt(_bytes(text)).decode("ascii")

    def open(self, sealed: str) -> str:
        """Raises WrongKey."""
        try:
            return self._all.decrypt(sealed).decode("utf-8", "surrogatepass")
        except InvalidToken:
            raise WrongKey("the encryption keys given do not open this database's values") from None

    def is_newest(self, sealed: str) -> bool:
        """Whether the first key sealed this value."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: str) -> str:
        """The same value under the first key. Raises WrongKey."""
        try:
            return self._all.rotate(sealed).decode("ascii")
        except InvalidToken:
            raise WrongKey("a stored value is sealed with a key that was not given") from None


class Lookup:
    """Finds a row by something secret without storing it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode("ascii")

    def of(self, *parts: str) -> str:
        spoken = b"".join(len(part).to_bytes(4, "big") + part for part in map(_bytes, parts))
        return hmac.new(self._secret, spoken, hashlib.sha256).hexdigest()


def load_or_make_key_file(path: Path) -> tuple[list[str], bool]:
    """The keys in a file, one a line and the newest first, and whether the file was made just now.

    A file that is there is never overwritten. Raises KeyFileUnsafe where others may read it or it is empty.
    """
    made = not path.exists() and _make_key_file(path)
    mode = path.stat().st_mode
    if mode & _OPEN_TO_OTHERS:
        raise KeyFileUnsafe(f"{path}: others may read this key file; run: chmod 600 {path}")
    keys = [line.strip() for line in path.read_text("ascii").splitlines() if line.strip()]
    if not keys:
        raise KeyFileUnsafe(f"{path}: this key file holds no key; put the key back, or remove the empty file")
    return keys, made


def _make_key_file(path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(new_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces a file another process has just made.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _bytes(text: str) -> bytes:
    # A message may hold half of a surrogate pair; it must be kept all the same.
    return text.encode("utf-8", "surrogatepass")
