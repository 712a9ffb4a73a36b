"""Door: the same coach on a local web page, and as JSON for programs."""

from __future__ import annotations

import argparse
from contextlib import suppress


def run(argv: list[str]) -> int:
    """Serve the page until told to end. 0: ended; 1: the address can't be listened on."""
    argparse.ArgumentParser(prog="safecue web", description="Serve the web chat alone.").parse_args(argv)
    import uvicorn

    from bot.assembly import assemble
    from bot.settings import kept_secret, load
    from bot.webchat.app import build_app

    settings = load()
    app = build_app(
        assemble(settings),
        kept_secret(settings.data_dir / "secrets" / "web-key"),
        public=settings.web_public,
        pictures=settings.content_dir / "pictures",
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.web_host,
            port=settings.web_port,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,
        )
    )
    with suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 1
