"""Links: how fields become a query string, and how whatever comes from outside is read again.

A reader takes the name of a field, a value of any kind and a list of notes. It returns the nearest
value that is valid; for a change it adds one clause to the notes: what was wrong, a colon, and
what is there instead ("tau 5000 is above 1000: now 1000").
"""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel

LINK_COMFORT = 2_000
LINK_LIMIT = 8_000
_UNPACKED_LIMIT = 100_000

PACKED = "z"  # the parameter that holds all others

Bounds = tuple[float, float]
Opened = TypeVar("Opened")
Reader = Callable[[str, object, list[str]], object]

# '_', '~', '-' and '.' pass through a URL unescaped.
BETWEEN_ROWS, BETWEEN_ITEMS = "_", "~"


def write(fields: Mapping[str, Any], what: str) -> str:
    """Write fields as a query string, readable up to 2,000 characters and packed beyond.

    Args:
        fields: Text, numbers, flags, lists of numbers or lists of such lists.
        what: What they are, for the error.

    Raises:
        ValueError: If even the packed string is longer than 8,000 characters.
    """
    query = urlencode({name: _text(value) for name, value in fields.items()})
    if len(query) <= LINK_COMFORT:
        return query
    packed = base64.urlsafe_b64encode(zlib.compress(query.encode(), 9)).decode().rstrip("=")
    link = f"{PACKED}={packed}"
    if len(link) > LINK_LIMIT:
        raise ValueError(
            f"{what} is too large for a link: {len(link)} characters, at most {LINK_LIMIT}"
        )
    return link


def read(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Unpack the parameters of a link, if they are packed.

    Raises:
        ValueError: If they are too long or damaged; its text is the first half of a clause.
    """
    length = sum(len(name) + len(value) + 2 for name, value in parameters.items())
    if length > LINK_LIMIT + 100:
        raise ValueError(f"it is longer than {LINK_LIMIT} characters")
    if PACKED not in parameters:
        return parameters
    try:
        packed = dict(parse_qsl(_unpack(parameters[PACKED]), keep_blank_values=True))
    except (ValueError, zlib.error) as error:
        raise ValueError("its packed part is damaged") from error
    return packed | {name: parameters[name] for name in parameters if name != PACKED}


def ours(parameters: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Pick the parameters of a link that are ours: a course or a mailing may have added others."""
    return {name: value for name, value in parameters.items() if name in names or name == PACKED}


def decode(
    parameters: Mapping[str, str],
    names: Collection[str],
    repair: Callable[[Mapping[str, str]], tuple[Opened, list[str]]],
    default: Opened,
) -> tuple[Opened, list[str]]:
    """Open what the parameters of a link hold, or the default if they cannot be read at all.

    Args:
        parameters: As the browser hands them over.
        names: Those of the fields; other parameters are passed over.
        repair: Finds what is nearest to the unpacked ones, and one clause for every change.
        default: What is opened otherwise.
    """
    try:
        raw = read(ours(parameters, names))
    except ValueError as error:
        return default, [f"{error}: so the default is shown"]
    try:
        return repair(raw)
    except ValueError:  # nobody has foreseen it, so its words are not for people
        return default, ["it cannot be read: so the default is shown"]


def read_fields(
    raw: Mapping[Any, object], readers: Mapping[str, Reader]
) -> tuple[dict[str, Any], list[str]]:
    """Read every field that there is a reader for.

    Returns:
        The fields, and one clause for every change.
    """
    fields: dict[str, Any] = {}
    notes: list[str] = []
    for name, value in raw.items():
        if name in readers:
            fields[name] = readers[name](name, value, notes)
        else:
            notes.append(f"{show(name)} is not known here: left out")
    return fields, notes


def bounds(model: type[BaseModel]) -> dict[str, Bounds]:
    """Read off the schema of a model the smallest and largest value of each of its numbers."""
    found = {name: _number_in(field) for name, field in _fields(model).items()}
    return {name: (n["minimum"], n["maximum"]) for name, n in found.items() if "minimum" in n}


def readers(model: type[BaseModel], own: Mapping[str, Reader]) -> dict[str, Reader]:
    """Derive from the schema of a model how its fields are read.

    Args:
        model: Every field has a default; a number has bounds, and one that may be None has what
            that stands for as its description.
        own: Readers of the fields that are no number, flag or choice.
    """
    others = {name: field for name, field in _fields(model).items() if name not in own}
    return {name: _reader(field) for name, field in others.items()} | dict(own)


def _fields(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    fields: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return fields


def _number_in(field: dict[str, Any]) -> dict[str, Any]:
    """Find the number of a field that may be None."""
    number: dict[str, Any] = field.get("anyOf", [field])[0]
    return number


def _reader(field: dict[str, Any]) -> Reader:
    default, number = field["default"], _number_in(field)
    if "const" in number:
        return partial(read_version, number["const"])
    if "enum" in number:
        return partial(read_choice, number["enum"], default)
    if number["type"] == "boolean":
        return partial(read_flag, default)
    bounds = number["minimum"], number["maximum"]
    if "anyOf" in field:
        return partial(read_number_or_none, bounds, field["description"])
    return partial(read_whole if number["type"] == "integer" else read_number, bounds, default)


def read_number(
    bounds: Bounds, default: float, name: str, value: object, notes: list[str]
) -> float:
    """Read a number, or text that holds one."""
    kept, wrong = fit(value, bounds)
    if math.isnan(kept):
        kept = default
    if wrong:
        notes.append(f"{name} {show(value)} is {wrong}: now {kept:g}")
    return kept


def read_number_or_none(
    bounds: Bounds, otherwise: str, name: str, value: object, notes: list[str]
) -> float | None:
    """Read a number, or None, of which ``otherwise`` says what it stands for."""
    if value is None:
        return None
    kept, wrong = fit(value, bounds)
    if wrong:
        now = otherwise if math.isnan(kept) else f"{kept:g}"
        notes.append(f"{name} {show(value)} is {wrong}: now {now}")
    return None if math.isnan(kept) else kept


def read_whole(bounds: Bounds, default: int, name: str, value: object, notes: list[str]) -> int:
    """Read a whole number."""
    found, wrong = fit(value, bounds)
    kept = default if math.isnan(found) else round(found)
    if wrong or kept != found:
        notes.append(f"{name} {show(value)} is {wrong or 'not whole'}: now {kept}")
    return kept


def read_flag(default: bool, name: str, value: object, notes: list[str]) -> bool:
    """Read yes or no."""
    text = show(value).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    notes.append(f"{name} {show(value)} is unreadable: now {'on' if default else 'off'}")
    return default


def read_choice(
    names: Sequence[str], default: str, name: str, value: object, notes: list[str]
) -> str:
    """Read one of several names."""
    if isinstance(value, str) and value in names:
        return value
    notes.append(f"{name} {show(value)} is not known here: now {default}")
    return default


def read_version(version: int, name: str, value: object, notes: list[str]) -> int:
    """Read the version of what is to come; there is only one that is known."""
    if number(value) != version:
        notes.append(f"{name} {show(value)} is not known here: read as version {version}")
    return version


def fit(value: object, bounds: Bounds) -> tuple[float, str]:
    """Find the number within bounds nearest to a value, and say what was wrong with it."""
    found, (low, high) = number(value), bounds
    if math.isnan(found):
        return found, "unreadable"
    if found < low:
        return low, f"below {low:g}"
    if found > high:
        return high, f"above {high:g}"
    return found, ""


def number(value: object) -> float:
    """Read a number, or text that holds one; anything else is NaN."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return math.nan
    try:
        return float(value)
    except ValueError:
        return math.nan
    except OverflowError:  # an int beyond all floats
        return math.inf if isinstance(value, int) and value > 0 else -math.inf


def from_hand(name: str, text: str, notes: list[str]) -> str:
    """Take what was typed as the text of a link: a decimal comma becomes a point, and is told."""
    text = text.strip().replace("\u2212", "-")
    if re.fullmatch(r"[+-]?\d*,\d+", text):
        notes.append(f"{name} {text} has a decimal comma: read as {text.replace(',', '.')}")
        return text.replace(",", ".")
    return text


def count(number: int, noun: str) -> str:
    """Put a noun in the plural, unless there is one of it."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def show(value: object) -> str:
    """Quote something from outside: short, and without a sign that a page could take as markup."""
    if isinstance(value, str):
        more = "..." if len(value) > 20 else ""
        # Dots are for numbers; elsewhere they could make the name of a site.
        plain = re.sub(r"[^\w ,.+-]|\.(?!\d)", "?", value[:20])
        return plain.strip() + more or "(empty)"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"{number(value):.12g}"
    return "(list)" if isinstance(value, list | tuple) else "(object)"


def sentence(notes: Sequence[str], source: str = "link") -> str:
    """Say in one sentence what was changed to make something from outside valid; '' if nothing."""
    if not notes:
        return ""
    shown = "; ".join(note.replace(": ", ", ") for note in notes[:4])
    more = f"; and {len(notes) - 4} more" if len(notes) > 4 else ""
    return f"Not everything in this {source} could be used as it was: {shown}{more}."


def _unpack(packed: str) -> str:
    raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars="-_", validate=True)
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(raw, _UNPACKED_LIMIT)
    if unpacker.unconsumed_tail:
        raise ValueError(f"z unpacks to more than {_UNPACKED_LIMIT} characters")
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("z was cut off or extended")
    return text.decode()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        nested = bool(value) and isinstance(value[0], list)
        inner: Callable[[Any], str] = (
            (lambda row: BETWEEN_ITEMS.join(map(_text, row))) if nested else _text
        )
        return BETWEEN_ROWS.join(map(inner, value))
    return str(value).removesuffix(".0")
