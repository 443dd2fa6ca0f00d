"""Fields for the numbers and choices of a validated model: a widget for each, named alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import BaseModel

from tempotron.dashboard.state.link import Bounds

NARROW, WIDE = 104, 216  # px


@dataclass(frozen=True)
class Fields:
    """The fields of one model.

    Attributes:
        prefix: Before the names of the widgets' keys.
        model: Its values are shown.
        limits: Smallest and largest value of each number.
        take: Called with a field's name and its new value.
    """

    prefix: str
    model: BaseModel
    limits: Mapping[str, Bounds]
    take: Callable[..., None]

    def select(
        self,
        name: str,
        label: str,
        options: Sequence[str],
        *,
        shown: Callable[[str], str] = str,
        width: int = NARROW,
        disabled: bool = False,
    ) -> None:
        """Show a field for one of several names."""
        st.selectbox(
            label,
            options,
            key=self._key(name),
            format_func=shown,
            width=width,
            disabled=disabled,
            on_change=self.changed,
            args=(name,),
        )

    def number(
        self,
        name: str,
        label: str,
        step: float,
        *,
        disabled: bool = False,
        instead: str | None = None,
    ) -> None:
        """Show a field for a number, with what is in force ``instead`` as long as it is empty."""
        kind = type(step)
        low, high = self.limits[name]
        st.number_input(
            label,
            kind(low),
            kind(high),
            "min" if instead is None else None,
            step,
            format="%d" if kind is int else "%.6g",
            key=self._key(name),
            width=NARROW,
            disabled=disabled,
            placeholder=instead,
            on_change=self.changed,
            args=(name,),
        )

    def _key(self, name: str) -> str:
        """Give a widget the value of the model; return its key."""
        key, value = f"{self.prefix}_{name}", getattr(self.model, name)
        if key not in st.session_state or st.session_state[key] != value:
            st.session_state[key] = value
        return key

    def changed(self, name: str) -> None:
        """Take what a widget holds; an emptied field goes back to its default."""
        value: Any = st.session_state[f"{self.prefix}_{name}"]
        default = getattr(type(self.model)(), name)
        self.take(**{name: default if value is None else value})
