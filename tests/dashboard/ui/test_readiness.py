"""An error that nobody foresaw: one line in the log, one sentence on the page."""

from __future__ import annotations

import json
import logging

import pytest
from streamlit.testing.v1 import AppTest

from tempotron.dashboard.ui.readiness import Readiness


def test_an_unforeseen_error_is_told_in_one_sentence_and_logged_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempotron.dashboard.ui.readiness.readiness", Readiness())

    def page() -> None:
        from tempotron.dashboard.ui.server import on_script_error as tell  # noqa: PLC0415

        tell(ZeroDivisionError("division by zero"))

    with caplog.at_level(logging.ERROR, "tempotron"):
        at = AppTest.from_function(page).run()
    assert [error.value.startswith("Something went wrong here.") for error in at.error] == [True]
    assert "division" not in at.error[0].value
    (record,) = [r for r in caplog.records if r.name == "tempotron"]
    assert "\n" not in record.message
    assert json.loads(record.message)["error"] == "ZeroDivisionError"
