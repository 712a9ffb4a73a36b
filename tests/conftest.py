"""What more than one folder of tests shares."""

from postgres_at_hand import postgres_server

__all__ = ["postgres_server"]
