"""Door: Telegram. The library gives types, sending and parsing; fetching, storing and delivering are ours."""

from __future__ import annotations

import warnings

# We ask for raw updates on purpose, and read spans of time in either of their two forms.
warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'")
warnings.filterwarnings("ignore", message=".*will be of type `datetime.timedelta`")
