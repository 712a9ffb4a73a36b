"""As in "no, I meant 4": whether words put right what was said before, and what with. Pure."""

from __future__ import annotations

import re

_LEAD = r"\W*(?:(?:no|nope|sorry|oops|whoops|wait|actually|hang on|hold on|ah|oh|well|but|my mistake)\W+)*"
# "I meant to rest" tells a plan; "I meant to put 4" puts something right.
_MEANT = r"i meant\s+(?:to (?:say|put|type|press|pick|choose|tap|click|write|enter)\s+|(?!to\b))"
_NUMBER = r"(?:an?\s+)?(?:\d|zero|one|two|three|four|five|six|seven|eight|nine|ten)"
_SHOULD = rf"(?:it|that) should (?:be|say|read|have been)\s+(?={_NUMBER}|my\b)"
_WRONG = (
    r"(?:that was |it was )?(?:the )?wrong (?:button|one|number|option|box)|"
    r"(?:i(?:'ve| have)? )?(?:just )?(?:pressed|hit|tapped|clicked|picked|chose|pushed|typed|entered|put) "
    r"(?:in )?the wrong (?:button|one|thing|number|option|box|answer)"
)
_RIGHT = re.compile(rf"{_LEAD}(?:{_MEANT}|{_SHOULD})(?P<right>.+)", re.I | re.S)
_WRONG_ONLY = re.compile(rf"{_LEAD}(?:{_WRONG})\b\W*(?P<then>.*)", re.I | re.S)
_NOT_THAT = re.compile(r"\W+(?:not|instead of|rather than)\b.*", re.I | re.S)


def correction(text: str) -> str | None:
    """What is meant instead; empty where only the mistake is told. None: nothing is corrected."""
    said = " ".join(text.replace("’", "'").split())
    if found := _RIGHT.fullmatch(said):
        return _NOT_THAT.sub("", found["right"]).strip(" .,!;:")
    found = _WRONG_ONLY.fullmatch(said)
    if found is None:
        return None
    return correction(found["then"]) or ""
