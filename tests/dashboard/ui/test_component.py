"""What the server gives out by URL, and how it answers addresses."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit import net_util
from streamlit.web.server import server_util

from tempotron.dashboard.ui import middleware, records, server
from tempotron.dashboard.ui.assets import publish
from tempotron.dashboard.ui.readiness import Readiness

PAGE = {"accept": "text/html"}


@pytest.fixture
def client() -> TestClient:
    """A browser at our routes and middleware, without Streamlit behind them."""
    return TestClient(Starlette(routes=server.ROUTES, middleware=server.MIDDLEWARE))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "picture.js"
    file.write_text("export default 1")
    return file


def test_a_file_is_given_out_compressed_and_for_ever(client: TestClient, source: Path) -> None:
    url = publish(source).url
    answer = client.get(f"/{url}/picture.js")
    assert answer.text == "export default 1"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    whole = client.get(f"/some/base/{url}/picture.js", headers={"accept-encoding": "identity"})
    assert (whole.text, whole.headers.get("content-encoding")) == ("export default 1", None)


def test_another_content_has_another_name_and_the_old_one_stays(
    client: TestClient, source: Path
) -> None:
    first = publish(source).url
    assert publish(source).url == first
    source.write_text("export default 2")
    second = publish(source).url
    texts = [client.get(f"/{url}/picture.js").text for url in (first, second)]
    assert texts == ["export default 1", "export default 2"]


def test_nothing_else_is_given_out(client: TestClient, source: Path) -> None:
    url = publish(source).url
    for path in (f"{url}/other.js", "assets/x/../../app.py", "records/guess/0", "assets/"):
        assert client.get(f"/{path}").status_code == 404


class Counted:
    def part(self, name: str) -> bytes | None:
        return b"one" if name == "1" else None


def test_a_record_is_given_out_for_as_long_as_it_is_there(client: TestClient) -> None:
    record = Counted()
    url = records.give_out(record)
    answer = client.get(f"/{url}/1")
    assert answer.content == b"one"
    assert answer.headers["content-encoding"] == "identity"
    assert "no-store" in answer.headers["cache-control"]
    assert client.get(f"/{url}/2").status_code == 404
    del record
    assert client.get(f"/{url}/1").status_code == 404


def test_every_page_has_our_document_and_nothing_from_elsewhere(client: TestClient) -> None:
    for path in ("/", "/train", "/capacity", "/data"):
        answer = client.get(path, headers=PAGE)
        assert answer.status_code == 200
        assert "<title>Tempotron</title>" in answer.text
        assert "http" not in "".join(answer.text.split("<body>")[0].split("src=")[1:])
    csp = answer.headers["content-security-policy"]
    assert "default-src 'self'" in csp
    assert "frame-ancestors *" in csp
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_who_may_frame_it_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(middleware.FRAME_ANCESTORS, "https://course.example")
    assert middleware.policy.__wrapped__().endswith("frame-ancestors https://course.example")


@pytest.mark.parametrize("path", ["/trian", "/a/b", "/train/x"])
def test_an_unknown_address_says_so_and_leads_to_explore(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=PAGE)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert 'href="/"' in answer.text


@pytest.fixture
def streamlit_settings() -> Iterator[None]:
    names = ("server.allowedHosts", "server.baseUrlPath")
    before = {name: st.get_option(name) for name in names}
    yield
    for name, value in before.items():
        st.config.set_option(name, value)


@pytest.mark.usefixtures("streamlit_settings")
def test_under_a_base_path_pages_are_found_there(client: TestClient) -> None:
    st.config.set_option("server.baseUrlPath", "/school/")
    assert client.get("/school/train", headers=PAGE).status_code == 200
    lost = client.get("/school/trian", headers=PAGE)
    assert (lost.status_code, 'href="/school/"' in lost.text) == (404, True)


@pytest.mark.usefixtures("streamlit_settings")
def test_hosts_that_the_setting_does_not_name_are_refused(client: TestClient) -> None:
    assert client.get("/ready", headers={"host": "evil.example"}).status_code == 503
    st.config.set_option("server.allowedHosts", ["school.example"])
    fresh = TestClient(Starlette(routes=server.ROUTES, middleware=server.MIDDLEWARE))
    assert fresh.get("/ready", headers={"host": "evil.example"}).status_code == 400
    assert fresh.get("/ready", headers={"host": "school.example"}).status_code == 503


def test_streamlits_own_scripts_are_compressed_once(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = next((middleware._BUNDLE / "static/js").glob("index.*.js")).name
    times, compress = [], gzip.compress

    def counted(data: bytes, level: int, *, mtime: float) -> bytes:
        times.append(len(data))
        return compress(data, level, mtime=mtime)

    monkeypatch.setattr(gzip, "compress", counted)
    for _ in range(3):
        answer = client.get(f"/static/js/{name}")
        assert answer.headers["content-encoding"] == "gzip"
    assert len(times) == 1
    assert client.get("/static/js/../../index.html").status_code == 404


def test_the_server_is_ready_once_all_is_prepared_and_while_pages_open() -> None:
    readiness = Readiness()
    assert readiness.reason == "starting"
    readiness.prepared()
    assert readiness.reason == ""
    for session in ("one", "two", "two", "two"):
        readiness.failed(session)
    assert readiness.reason == ""
    readiness.failed("three")
    assert readiness.reason == "pages fail"
    readiness.succeeded()
    assert readiness.reason == ""


def test_the_server_asks_nobody_for_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def resolve(*name: object, **_: object) -> None:
        asked.append(name)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(net_util, "_external_ip", None)
    monkeypatch.setattr("tempotron.dashboard.ui.server._prepare", lambda: None)

    async def start() -> None:
        async with server.lifespan(None):
            assert not server_util.is_url_from_allowed_origins("https://elsewhere.example")
            assert not net_util.get_external_ip()

    with ThreadPoolExecutor(1) as elsewhere:  # a browser's tests may have a loop running here
        elsewhere.submit(lambda: asyncio.run(start())).result()
    assert asked == []
