"""Fields for the numbers and choices of a validated model: a widget for each, named alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import BaseModel

from tempotron.dashboard.answers.glossary import TERMS
from tempotron.dashboard.state.link import Bounds

WIDE = 216  # px


@dataclass(frozen=True)
class Fields:
    """The fields of one model.

    Attributes:
        prefix: Before the names of the widgets' keys.
        model: Its values are shown.
        limits: Smallest and largest value of each number.
        take: Called with a field's name and its new value.
        meanings: What each field does.
    """

    prefix: str
    model: BaseModel
    limits: Mapping[str, Bounds]
    take: Callable[..., None]
    meanings: Mapping[str, str]

    def select(
        self,
        name: str,
        label: str,
        options: Sequence[str],
        *,
        shown: Callable[[str], str] = str,
        width: int = WIDE,
        disabled: bool = False,
    ) -> None:
        """Show a field for one of several names."""
        st.selectbox(
            label,
            options,
            key=self._key(name),
            format_func=shown,
            help=self.meanings.get(name),
            width=width,
            disabled=disabled,
            on_change=self.changed,
            args=(name,),
        )

    def number(
        self,
        name: str,
        *,
        disabled: bool = False,
        instead: str | None = None,
    ) -> None:
        """Show a field for a number, with what is in force ``instead`` as long as it is empty."""
        kind: Any = int if type(self.model).model_fields[name].annotation is int else float
        low, high = self.limits[name]
        st.number_input(
            TERMS[name].label,
            kind(low),
            kind(high),
            "min" if instead is None else None,
            kind(TERMS[name].step or 1),
            format="%d" if kind is int else "%.6g",
            key=self._key(name),
            width=WIDE,
            disabled=disabled,
            placeholder=instead,
            help=self.meanings[name],
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
