"""A document on its way out: saved by the browser, never shown as a page, and kept by nobody in between."""

from __future__ import annotations

from starlette.responses import Response

from bot.facts.talk import Document
from bot.webchat.reading import Unfit

NO_DOCUMENT = "There is no such document."


def attached(document: Document | None) -> Response:
    """Raises Unfit where there is none. That no cache keeps it is the guard's header on every answer."""
    if document is None:
        raise Unfit(404, NO_DOCUMENT)
    return Response(
        document.content,
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{document.name}"'},
    )
