"""The server's settings: they stand once, and what a person sets wins."""

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from streamlit import config

from tempotron import __main__ as command
from tempotron import __version__
from tempotron.dashboard.ui import server

ROOT = Path(__file__).parents[3]


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name the settings of a file as Streamlit does: with dots between."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        inner = flat(value, f"{prefix}{name}.") if isinstance(value, dict) else None
        found |= {f"{prefix}{name}": value} if inner is None else inner
    return found


def test_the_file_for_streamlit_run_says_the_same() -> None:
    written = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
    assert flat(written) == server.SETTINGS


def test_every_setting_is_one_that_streamlit_knows() -> None:
    assert set(server.SETTINGS) <= set(config.get_config_options())


def test_what_a_person_set_by_file_or_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", "7")
    monkeypatch.setenv("STREAMLIT_SERVER_HEADLESS", "false")
    monkeypatch.setenv("STREAMLIT_SERVER_ALLOWED_HOSTS", "a.example,b.example")
    monkeypatch.setattr(
        config, "get_where_defined", lambda name: "a file" if "theme" in name else "<default>"
    )
    found = server.settings()
    assert found["server.maxUploadSize"] == 7
    assert found["server.headless"] is False
    assert found["server.allowedHosts"] == ["a.example", "b.example"]
    assert "theme.primaryColor" not in found
    assert found["client.showErrorDetails"] == "none"


def test_the_command_hands_its_flags_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[dict[str, Any]] = []
    monkeypatch.setattr(server, "run", flags.append)
    command.main(["--port", "8600", "--address", "0.0.0.0"])  # noqa: S104  nothing listens
    command.main([])
    assert flags == [{"server.port": 8600, "server.address": "0.0.0.0"}, {}]  # noqa: S104


@pytest.mark.parametrize(("flag", "said"), [("--help", "no password"), ("--version", __version__)])
def test_the_command_says_what_it_means_to_open_it(
    flag: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main([flag])
    assert said in " ".join(capsys.readouterr().out.split())


def test_the_science_does_without_what_only_the_dashboard_needs() -> None:
    names = ("streamlit", "plotly", "pandas", "pydantic")
    listed = f"print([name for name in {names} if name in sys.modules])"
    run = [sys.executable, "-c", f"import sys, tempotron, tempotron.capacity; {listed}"]
    assert subprocess.check_output(run, cwd=ROOT, text=True).strip() == "[]"


def test_without_the_dashboards_packages_the_command_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tempotron.dashboard.ui", None)
    with pytest.raises(SystemExit):
        command.main([])
    assert 'pip install ".[app]" in the project\'s folder' in capsys.readouterr().err
