"""Bounds: what the numbers may be that several pages hold. A page's own stand with its fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Length = Annotated[int, Field(ge=10, le=2000)]  # of a trial, ms
TimeConstant = Annotated[float, Field(ge=0.1, le=1000)]  # ms
Threshold = Annotated[float, Field(ge=0.05, le=10)]
Eta = Annotated[float, Field(ge=1e-4, le=2)]
Momentum = Annotated[float, Field(ge=0, le=0.999)]
Jitter = Annotated[float, Field(ge=0, le=50)]  # ms
