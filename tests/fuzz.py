"""What may come from outside: links, messages and files, made from valid ones by chance."""

from __future__ import annotations

import base64
import json
import random
import re
import zlib
from typing import Any
from urllib.parse import quote_plus

from tempotron.dashboard.state.experiment import Experiment, to_csv, to_json
from tempotron.dashboard.state.patterns import EXAMPLES
from tempotron.dashboard.state.patterns import to_csv as patterns_csv

# Words of Python, pydantic or numpy that no sentence for people holds.
PYTHON = re.compile(
    r"Traceback|Error\b|Exception|None\b|Input should|validation|<class|object at 0x"
    r"|could not convert|invalid literal|not supported|out of range|codec|\bdict\b|\btuple\b"
    r"|\bstr\b|\bint\b|\bbool\b|\bfloat\b|positional|attribute|subscriptable"
)
NUMBERS = [0, 1, -1, 2, 5, 1.5, -0.0, 1e-320, 1e308, -1e308, 2**31, 2**53, 2**53 + 1, 10**400]
STRANGE = [float("nan"), float("inf"), -float("inf"), None, True, False]
TEXTS = [
    "", " ", "abc", "nan", "inf", "-inf", "1e999", "1e2", "1_0", "0x10", "12,5", "1;2", "٣", "½",
    "\x00", "\ud800", "é" * 300, "9" * 5000, "~", "_", "~~__~", "-1~", "true", "null", "[]", "{}",
    "<b>x</b>", "**x**", "$x$", "__proto__", "../../etc/passwd", "%00", "own", "order", "+1", "1.0",
]  # fmt: skip


def text(by: random.Random) -> str:
    """Take a strange text."""
    made = by.choice(TEXTS)
    return made if by.random() < 0.8 else "".join(by.choices(made + "0123456789.~_-,;\n ", k=12))


def value(by: random.Random, depth: int = 0) -> Any:  # noqa: ANN401  that is the point
    """Take anything that JSON, or a browser's message, may hold."""
    kind = by.randrange(5 if depth < 3 else 3)
    if kind == 0:
        return by.choice(NUMBERS)
    if kind == 1:
        return by.choice(STRANGE)
    if kind == 2:
        return text(by)
    if kind == 3:
        return [value(by, depth + 1) for _ in range(by.randrange(4))]
    return {text(by): value(by, depth + 1) for _ in range(by.randrange(3))}


def mutated(by: random.Random, valid: Any) -> Any:  # noqa: ANN401  as above
    """Change something of what is valid, somewhere within."""
    if isinstance(valid, dict) and valid and by.random() < 0.9:
        name = by.choice(list(valid))
        changed = dict(valid)
        if by.random() < 0.1:
            del changed[name]
        else:
            changed[name] = mutated(by, valid[name])
        return changed
    if isinstance(valid, list | tuple) and valid and by.random() < 0.8:
        place = by.randrange(len(valid))
        return [*valid[:place], mutated(by, valid[place]), *valid[place + by.randrange(2) :]]
    return value(by)


def damaged(by: random.Random, valid: str) -> str:
    """Change some characters of a text, cut it, or double a part of it."""
    for _ in range(by.randrange(1, 4)):
        place, end = sorted(by.randrange(len(valid) + 1) for _ in range(2))
        part = by.choice(["", text(by), valid[place:end] * 2, str(by.choice(NUMBERS))])
        valid = valid[:place] + part + valid[end if by.random() < 0.5 else place :]
    return valid


def link(by: random.Random, valid: list[dict[str, str]], names: list[str]) -> dict[str, str]:
    """Make the parameters of a link."""
    made = dict(by.choice(valid))
    for _ in range(by.randrange(1, 4)):
        name = by.choice([*names, *made, text(by)[:20]])
        made[name] = damaged(by, made[name]) if made.get(name) and by.random() < 0.6 else text(by)
    if by.random() < 0.1:
        query = "&".join(f"{k}={quote_plus(v, errors='replace')}" for k, v in made.items())
        packed = zlib.compress((query * by.choice([1, 1, 300])).encode(errors="replace"))
        made = {"z": base64.urlsafe_b64encode(packed).decode().rstrip("=")}
        if by.random() < 0.5:
            made["z"] = damaged(by, made["z"])
    return made


FILES = [
    to_json(Experiment()),
    to_csv(Experiment()),
    patterns_csv(EXAMPLES),
    "pattern,class,afferent,time_ms\n1,+,1,20\n2,-,1,\n",
    "afferent,weight,time_ms\n1,0.5,20\n2,0.5,400\n",
    json.dumps({"name": "package", "version": "1.0.0"}),
    "[1,2]",
    "null",
    '"',
    "a,b\n" * 500,
]


def file(by: random.Random) -> str:
    """Make the text of a file."""
    valid = by.choice(FILES)
    if valid.startswith("{") and by.random() < 0.4:
        try:
            return json.dumps(mutated(by, json.loads(valid)))
        except ValueError:
            return "{"
    return damaged(by, valid)
