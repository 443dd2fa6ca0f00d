"""What the server gives out by URL."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tempotron.ui import component
from tempotron.ui.component import Folder, publish


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "static"
    folder.mkdir()
    monkeypatch.setattr(component, "_STATIC", folder)
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "picture.js"
    file.write_text("export default 1")
    return file


def test_a_file_is_published_once_and_anew_when_it_changes(static: Path, source: Path) -> None:
    first = publish(source)
    assert publish(source) == first
    source.write_text("export default 2")
    assert publish(source) != first
    assert {file.read_text() for file in static.rglob("*.js")} == {
        "export default 1",
        "export default 2",
    }


def test_two_servers_that_start_at_once_publish_the_same(
    static: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, urls = Path.replace, []

    def later(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        urls.append(publish(source))  # the other server is sooner
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", later)
    assert publish(source) == urls[0]
    assert [path.name for path in static.iterdir()] == [urls[0].rsplit("/", 1)[-1]]


def test_a_folder_that_cannot_be_written_is_no_other_server(
    static: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _target: Path) -> Path:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError, match="read-only"):
        publish(source)
    assert not list(static.iterdir())


def test_a_folder_outlives_its_owner_for_a_while(
    static: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder()
    folder.put("1.bin", b"one")
    (path,) = static.iterdir()
    now = time.monotonic()
    del folder
    second = Folder()
    assert (path / "1.bin").read_bytes() == b"one"
    monkeypatch.setattr(time, "monotonic", lambda: now + 60)
    third = Folder()
    assert not path.exists()
    assert {second.url, third.url} == {f"/app/static/{left.name}" for left in static.iterdir()}


def test_at_the_end_of_a_process_no_folder_is_left(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tempotron.ui import component;"
        "component._STATIC = Path(sys.argv[1]);"
        "kept, left = component.Folder(), component.Folder(); kept.put('1.bin', b'one'); del left;"
        "print(len(list(component._STATIC.iterdir())))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "2\n"
    assert not list(tmp_path.iterdir())
