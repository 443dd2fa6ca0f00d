"""Machine code is kept where it can be, and by nobody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tempotron.compiled import cache


def test_a_folder_that_is_not_there_is_writable_if_it_can_be_made(tmp_path: Path) -> None:
    assert cache.writable(tmp_path / "new" / "deeper")
    assert not cache.writable(Path("/proc/1/none"))


def test_the_next_start_finds_the_same_folder_and_nobody_else_may_write_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    first = cache.fallback()
    assert cache.fallback() == first
    assert first.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_could_have_filled_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    open_to_all = tmp_path / f"tempotron-{os.getuid()}"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert cache.fallback() != open_to_all
