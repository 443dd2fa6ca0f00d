"""The menu: the pages there are, and where each of them stands."""

from __future__ import annotations

from pathlib import Path

_PAGES = Path(__file__).parents[1] / "pages"
MENU = ("Explore", "Train", "Capacity", "Data")
FILES = {name: _PAGES / f"{name.lower()}.py" for name in MENU}
# In the address, from the root of the app; Explore is what opens first.
PATHS = {"" if name == MENU[0] else name.lower(): name for name in MENU}
