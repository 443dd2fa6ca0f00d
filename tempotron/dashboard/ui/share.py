"""Share: a link to what a page shows, with a title and a task, and what is hidden or locked."""

from __future__ import annotations

import html
from urllib.parse import quote_plus, urlencode

import segno
import streamlit as st

from tempotron.dashboard.state import brief as briefs
from tempotron.dashboard.state.brief import HIDE, LOCK, Brief
from tempotron.dashboard.state.link import LINK_COMFORT

_MOST_QR = 1000  # characters: beyond it a telephone's camera no longer reads the code
_EMBED = '<iframe src="{url}" width="100%" height="860" style="border:0" title="{title}"></iframe>'


@st.dialog("Share", width="medium")
def share(page: str, query: str, brief: Brief) -> None:
    """Let a person write what goes with a link, and take the link away.

    Args:
        page: A name of the menu.
        query: The query string of what the page shows.
        brief: What came with the link that is open.
    """
    title = st.text_input("Title", brief.title, max_chars=briefs.MOST)
    text = st.text_area("Task, for whoever opens the link", brief.text, max_chars=briefs.MOST)
    hide = _several("Hide", HIDE.get(page, {}), brief.hide)
    lock = _several("Lock", LOCK.get(page, {}), brief.lock)
    words = Brief(title=title.strip(), text=text.strip(), hide=hide, lock=lock)
    room = briefs.left(words)
    if room < 0:
        st.warning(f"Title and task are {-room} characters too long for a link.")
        return
    st.caption(
        f"{room} characters left. What is hidden can be shown again by whoever opens the link: "
        "hiding is presentation, not a secret."
    )
    _take_away(address(query, words), words)


def address(query: str, brief: Brief) -> str:
    """Write the whole link."""
    more = urlencode(briefs.parameters(brief), quote_via=quote_plus)
    parts = "&".join(filter(None, (query, more)))
    page = (st.context.url or "").partition("?")[0]
    return f"{page}?{parts}" if parts else page


def _several(label: str, names: dict[str, str], chosen: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return ()
    picked = st.multiselect(label, [*names], [*chosen], format_func=names.__getitem__)
    return tuple(name for name in names if name in picked)


def _take_away(url: str, brief: Brief) -> None:
    st.markdown("The link:")
    if len(url) > LINK_COMFORT:
        st.warning(f"At {len(url)} characters some programs would cut the link off.")
    st.code(url, language=None, wrap_lines=True)
    joint = "&" if "?" in url else "?"
    source, title = html.escape(f"{url}{joint}embed=true"), html.escape(brief.title)
    st.markdown("To embed it in another page:")
    st.code(_EMBED.format(url=source, title=title), language=None, wrap_lines=True)
    if len(url) > _MOST_QR:
        st.markdown(f"No QR code: at {len(url)} characters a camera would no longer read it.")
        return
    code = segno.make(url, error="m", micro=False)
    picture = code.svg_inline(scale=4, border=3, light="white")
    st.image(picture, alt="The link as a QR code")
