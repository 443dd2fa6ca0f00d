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


def test_changed_text_has_a_folder_of_its_own_and_what_was_kept_for_the_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache, "_HERE", tmp_path)
    foreign = tmp_path / "tempotron-notes" / "mine.txt"
    foreign.parent.mkdir()
    foreign.touch()
    found = []
    for text in ("number = 3", "number = 5", "number = 5"):
        (tmp_path / "inner.py").write_text(text)
        cache.folder.cache_clear()
        found.append(cache.folder())
        (found[-1] / "deeper").mkdir(parents=True, exist_ok=True)
        (found[-1] / "deeper" / "learning._learn-130.py311.nbi").touch()
    assert found[0] != found[1] == found[2]
    assert [kept.parents[1] for kept in tmp_path.rglob("*.nbi")] == [found[1]]
    assert foreign.exists()


def test_machine_code_counts_as_kept_once_there_is_some_of_this_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "own")
    assert not cache.kept()
    (tmp_path / "own" / "deeper").mkdir(parents=True)
    (tmp_path / "own" / "deeper" / "learning._learn-130.py311.nbi").touch()
    assert cache.kept()


@pytest.fixture(autouse=True)
def own_folder() -> object:
    yield
    cache.folder.cache_clear()
