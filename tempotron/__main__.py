"""Starts the dashboard: ``tempotron``, or ``python -m tempotron``, from any folder."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.util import find_spec

from tempotron import INSTALL, __version__
from tempotron.compiled import ahead

_OPEN = (
    "It listens on this machine only, unless --address names another: 0.0.0.0 opens it to the "
    "network. There is no password and no encryption: whoever reaches it can use it, and its "
    "computing time. Nothing of visitors is kept. A proxy in front of it can add what is missing."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Start the dashboard as the command line asks for, and run until it is stopped."""
    parser = argparse.ArgumentParser("tempotron", description="Start the dashboard.", epilog=_OPEN)
    parser.add_argument("--port", type=int, help="where it listens (default: 8501)")
    parser.add_argument("--address", help="which network it listens on (default: localhost)")
    parser.add_argument("--version", action="version", version=__version__)
    options = vars(parser.parse_args(arguments))
    if find_spec("streamlit"):
        ahead.begun()  # before anything is imported that takes seconds
    try:
        from tempotron.dashboard.ui import server  # noqa: PLC0415  the science does without it
    except ModuleNotFoundError as error:
        needed = INSTALL.replace(" .", ' ".[app]"')
        parser.error(f"the dashboard needs {error.name}: {needed} in the project's folder.")
    server.run({f"server.{name}": value for name, value in options.items() if value is not None})


if __name__ == "__main__":
    main()
