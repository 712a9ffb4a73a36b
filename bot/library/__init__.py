"""Content becomes checked objects here, and what the coach says is put together from them."""

from bot.library.library import ContentLibrary, MissingVariable, load_library
from bot.library.reading import ContentFaults, Fault

__all__ = ["ContentFaults", "ContentLibrary", "Fault", "MissingVariable", "load_library"]
