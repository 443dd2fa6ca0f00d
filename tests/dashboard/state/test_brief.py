"""Briefs: a title, a task, and what is hidden or locked, by a link and back."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempotron.dashboard.state.brief import (
    HIDE,
    LOCK,
    MOST,
    MOST_ENCODED,
    NAMES,
    Brief,
    decode,
    left,
    parameters,
    told,
)
from tempotron.dashboard.state.experiment import NAMES as OF_EXPLORE
from tempotron.dashboard.state.plan import NAMES as OF_TRAIN
from tempotron.dashboard.state.sweep import NAMES as OF_CAPACITY

PAGES = st.sampled_from([*HIDE])


@given(PAGES, st.text(max_size=60), st.text(max_size=60), st.data())
def test_a_link_brings_back_the_brief(
    page: str, title: str, text: str, data: st.DataObject
) -> None:
    hide = tuple(name for name in HIDE[page] if data.draw(st.booleans()))
    lock = tuple(name for name in LOCK[page] if data.draw(st.booleans()))
    brief = Brief(title=title, text=text, hide=hide, lock=lock)
    query = urlencode(parameters(brief), errors="surrogatepass")
    given_ = dict(parse_qsl(query, keep_blank_values=True, errors="surrogatepass"))
    if left(brief) >= 0:
        assert decode(given_, page) == (brief, [])


@given(st.text(max_size=500), st.text(max_size=500))
def test_what_is_too_long_is_cut_to_what_there_is_room_for_and_told(title: str, text: str) -> None:
    brief, notes = decode({"title": title, "text": text}, "Explore")
    assert len(brief.title + brief.text) <= MOST
    assert len(quote_plus(brief.title)) + len(quote_plus(brief.text)) <= MOST_ENCODED
    assert title.startswith(brief.title)
    assert text.startswith(brief.text)
    assert bool(notes) == (brief != Brief(title=title, text=text))


def test_what_a_page_has_not_is_left_out_and_told() -> None:
    brief, notes = decode({"hide": "hint.tiles", "lock": "weights"}, "Explore")
    assert (brief.hide, brief.lock) == (("hint",), ("weights",))
    assert notes == ["hide names what this page has not: left out"]


def test_what_is_hidden_and_locked_is_told_by_its_name() -> None:
    brief = Brief(hide=("hint",), lock=("spikes", "weights"))
    assert told(brief, "Explore") == "Hidden: the hint. Locked: spikes, weights."
    assert told(Brief(), "Data") == ""


@pytest.mark.parametrize("names", [OF_EXPLORE, OF_TRAIN, OF_CAPACITY])
def test_no_parameter_means_two_things(names: frozenset[str]) -> None:
    assert NAMES.isdisjoint(names)
