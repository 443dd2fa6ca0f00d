"""Links, files and their repair: what is valid comes back unchanged, the rest as near as can be."""

import base64
import json
import math
import re
import time
import zlib
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tempotron.dashboard.state.experiment import (
    MAX_AFFERENTS,
    MAX_SPIKES,
    Experiment,
    changed,
    decode,
    encode,
    from_csv,
    from_json,
    repair,
    to_csv,
    to_json,
)
from tempotron.dashboard.state.link import LINK_COMFORT, LINK_LIMIT, sentence

DEFAULT = Experiment()


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """Draw valid experiments of up to 8 afferents."""
    end = draw(st.integers(10, 2000))
    afferents = draw(st.integers(1, 8))
    times = st.lists(st.floats(0, end) | st.integers(0, end), max_size=6)
    taus = st.floats(0.1, 1000)
    return Experiment.model_validate(
        {
            "T": end,
            "tau": draw(taus),
            "tau_s": draw(st.none() | taus),
            "theta": draw(st.floats(0.05, 10)),
            "weights": [draw(st.floats(-10, 10)) for _ in range(afferents)],
            "spikes": [draw(times) for _ in range(afferents)],
            "exact": draw(st.booleans()),
            "scaled": draw(st.booleans()),
            "shunt": draw(st.booleans()),
            "pinned": draw(st.none() | st.tuples(taus, taus)),
        }
    )


def large(afferents: int, spikes: int, digits: int = 15) -> Experiment:
    """Build an experiment whose numbers have so many digits after the point and no pattern."""
    numbers = [math.sin(1e3 * k * k) for k in range(afferents * spikes)]
    times = [round(50 + 50 * number, digits) for number in numbers]
    return Experiment.model_validate(
        {
            "weights": [round(number, digits) for number in numbers[:afferents]],
            "spikes": [times[i::afferents] for i in range(afferents)],
        }
    )


def opened(query: str) -> tuple[Experiment, list[str]]:
    """Open a query string as a browser hands it over."""
    return decode(dict(parse_qsl(query, keep_blank_values=True)))


def pack(query: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(query, 9)).decode().rstrip("=")


def written(value: object) -> str:
    """Write a value as the number of a link."""
    return value if isinstance(value, str) else f"{value:g}"


# What is valid comes back unchanged.


@settings(deadline=None, max_examples=150)
@given(experiments())
def test_a_link_opens_the_experiment_it_was_made_from(experiment: Experiment) -> None:
    assert opened(encode(experiment)) == (experiment, [])


@settings(deadline=None, max_examples=100)
@given(experiments())
def test_a_json_file_opens_the_experiment_it_was_made_from(experiment: Experiment) -> None:
    assert from_json(to_json(experiment)) == (experiment, [])


@settings(deadline=None, max_examples=100)
@given(experiments())
def test_a_csv_file_brings_weights_and_spikes_back(experiment: Experiment) -> None:
    base = experiment.model_copy(update={"weights": (1.0,), "spikes": ((5.0,),)})
    assert from_csv(to_csv(experiment), base) == (experiment, [])


def test_a_csv_file_leaves_everything_else_as_it_is() -> None:
    base = Experiment(T=300, tau=40, tau_s=3, theta=2, exact=False, pinned=(20, 5))
    experiment, notes = from_csv("afferent,weight,time_ms\n1,0.5,250\n", base)
    expected = base.model_copy(update={"weights": (0.5,), "spikes": ((250.0,),)})
    assert (experiment, notes) == (expected, [])


def test_the_default_experiment_is_an_empty_link() -> None:
    assert encode(DEFAULT) == ""
    assert decode({}) == (DEFAULT, [])


def test_default_values_stay_out_of_the_link() -> None:
    assert encode(Experiment(tau=20)) == "tau=20"
    assert encode(Experiment(theta=0.5, scaled=True)) == "theta=0.5&scaled=1"
    assert encode(Experiment(exact=False)) == "exact=0"
    assert encode(Experiment(pinned=(15, 7.5))) == "pinned=15_7.5"
    two = Experiment(weights=(1, -0.5), spikes=((2, 30.5), ()))
    assert encode(two) == "weights=1_-0.5&spikes=2~30.5_"


@pytest.mark.parametrize("rows", [((),), ((), ()), ((1.0,), ()), ((), (1.0,))])
def test_afferents_without_spikes_keep_their_rows_in_a_link(
    rows: tuple[tuple[float, ...], ...],
) -> None:
    experiment = Experiment(weights=(0.5,) * len(rows), spikes=rows)
    assert opened(encode(experiment)) == (experiment, [])


def test_changed_names_only_what_differs_from_the_default() -> None:
    assert changed(DEFAULT) == {}
    assert changed(Experiment(tau=20, shunt=True)) == {"tau": 20.0, "shunt": True}


def test_spikes_are_kept_in_order_of_time() -> None:
    experiment = Experiment(weights=(1,), spikes=((30, 10, 20),))
    assert experiment.spikes == ((10, 20, 30),)


def test_the_synaptic_time_constant_is_a_quarter_of_tau_until_unlocked() -> None:
    assert Experiment(tau=20).synaptic == 5
    assert Experiment(tau=20, tau_s=3).synaptic == 3


def test_an_experiment_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        DEFAULT.tau = 20


@pytest.mark.parametrize(
    "fields",
    [
        {"tau": 0},
        {"tau": math.nan},
        {"tau_s": math.inf},
        {"T": 2001},
        {"T": 10.5},
        {"theta": 0.01},
        {"version": 2},
        {"unknown": 1},
        {"weights": [], "spikes": []},
        {"weights": [1], "spikes": [[1], [2]]},
        {"weights": [11], "spikes": [[]]},
        {"weights": [1], "spikes": [[-1]]},
        {"weights": [1], "spikes": [[101]]},
        {"weights": [1], "spikes": [[1] * (MAX_SPIKES + 1)]},
        {"weights": [1] * (MAX_AFFERENTS + 1), "spikes": [[]] * (MAX_AFFERENTS + 1)},
    ],
    ids=str,
)
def test_an_experiment_never_holds_what_is_not_valid(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Experiment.model_validate(fields)


# Length of a link.


def test_a_long_link_is_packed_and_opens_the_same_experiment() -> None:
    experiment = large(afferents=20, spikes=6)
    link = encode(experiment)
    assert link.startswith("z=")
    assert len(link) <= LINK_LIMIT
    assert opened(link) == (experiment, [])


@pytest.mark.parametrize("length", [1999, LINK_COMFORT, 2001])
def test_a_link_is_packed_only_beyond_2000_characters(length: int) -> None:
    rows = [["1"] * 50 for _ in range(10)]
    fixed = len(f"weights={'_'.join('1' * 10)}&spikes={'_'.join('~'.join(row) for row in rows)}")
    threes, ones = divmod(length - fixed, 3)
    for place in range(threes + ones):
        rows[place // 50][-1 - place % 50] = "1.25" if place < threes else "10"
    plain = f"weights={'_'.join('1' * 10)}&spikes={'_'.join('~'.join(row) for row in rows)}"
    experiment, notes = opened(plain)
    assert (len(plain), notes) == (length, [])
    assert (len(encode(experiment)) == length) == (length <= LINK_COMFORT)
    assert opened(encode(experiment)) == (experiment, [])


def test_a_link_has_at_most_8000_characters_or_is_refused_with_its_length() -> None:
    lengths = []
    for spikes in range(20, MAX_SPIKES + 1, 5):
        experiment = large(MAX_AFFERENTS, spikes, digits=1)
        try:
            link = encode(experiment)
        except ValueError as refusal:
            lengths.append(int(re.findall(r"(\d+) characters", str(refusal))[0]))
        else:
            lengths.append(len(link))
            assert lengths[-1] <= LINK_LIMIT
            assert opened(link) == (experiment, [])
    assert lengths == sorted(lengths)
    assert any(0.8 * LINK_LIMIT < length <= LINK_LIMIT for length in lengths)
    assert any(LINK_LIMIT < length < 1.2 * LINK_LIMIT for length in lengths)


def test_what_is_empty_in_a_packed_link_is_not_lost() -> None:
    experiment, notes = decode({"z": pack(b"weights=0.5&spikes=")})
    assert experiment == Experiment(weights=(0.5,), spikes=((),))
    assert notes == []


def test_the_largest_experiment_is_refused_as_a_link_with_its_length() -> None:
    with pytest.raises(ValueError, match=r"too large for a link: \d+ characters") as refusal:
        encode(large(MAX_AFFERENTS, MAX_SPIKES))
    length = int(re.findall(r"(\d+) characters", str(refusal.value))[0])
    assert length > LINK_LIMIT
    assert f"at most {LINK_LIMIT}" in str(refusal.value)


def test_the_largest_experiment_fits_in_files() -> None:
    experiment = large(MAX_AFFERENTS, MAX_SPIKES)
    assert from_json(to_json(experiment)) == (experiment, [])
    assert from_csv(to_csv(experiment), DEFAULT) == (experiment, [])


# The nearest valid state, and the sentence about it.


@pytest.mark.parametrize(
    ("name", "value", "note"),
    [
        ("tau", 5000.0, "tau 5000 is above 1000: now 1000"),
        ("tau", -3, "tau -3 is below 0.1: now 0.1"),
        ("tau_s", 0.0, "tau_s 0 is below 0.1: now 0.1"),
        ("tau", math.inf, "tau inf is above 1000: now 1000"),
        ("tau", -math.inf, "tau -inf is below 0.1: now 0.1"),
        ("tau", "1e400", "tau 1e400 is above 1000: now 1000"),
        ("tau", "9" * 5000, "tau 99999999999999999999... is above 1000: now 1000"),
        ("theta", 0.0, "theta 0 is below 0.05: now 0.05"),
        ("theta", "20", "theta 20 is above 10: now 10"),
        ("T", 5, "T 5 is below 10: now 10"),
        ("T", "1e400", "T 1e400 is above 2000: now 2000"),
        ("T", 3000.5, "T 3000.5 is above 2000: now 2000"),
        ("T", 120.7, "T 120.7 is not whole: now 121"),
        ("version", 2, "version 2 is not known here: read as version 1"),
        ("version", "x", "version x is not known here: read as version 1"),
        ("tau", math.nan, "tau nan is unreadable: now 15"),
        ("tau", "", "tau (empty) is unreadable: now 15"),
        ("tau", "12,5", "tau 12,5 is unreadable: now 15"),
        ("tau_s", "abc", "tau_s abc is unreadable: now tau / 4"),
        ("theta", "nan", "theta nan is unreadable: now 1"),
        ("T", "", "T (empty) is unreadable: now 100"),
        ("exact", "maybe", "exact maybe is unreadable: now on"),
        ("shunt", "2", "shunt 2 is unreadable: now off"),
    ],
)
def test_a_bad_value_is_mended_alike_in_link_and_file(name: str, value: object, note: str) -> None:
    quiet = {"weights": [1], "spikes": [[5]]}
    link, link_notes = decode({"weights": "1", "spikes": "5", name: written(value)})
    file, file_notes = from_json(json.dumps({**quiet, name: value}))
    assert link == file
    assert link_notes == file_notes == [note]
    expected = re.search(r": (?:now|read as version) ([\d.]+)$", note)
    if expected:
        assert getattr(link, name) == float(expected[1])


@pytest.mark.parametrize("name", ["colour", "z" * 3000, "utm_source", "embed"])
def test_what_is_not_ours_is_told_of_a_file_and_passed_over_in_a_link(name: str) -> None:
    assert decode({name: "red", "tau": "20"}) == (Experiment(tau=20), [])
    _, notes = from_json(json.dumps({name: "red"}))
    shown = name if len(name) <= 20 else f"{name[:20]}..."
    assert notes == [f"{shown} is not known here: left out"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("tau", " 12 "), ("tau", "1.2e1"), ("T", "100.0"), ("T", "1e2"), ("version", "1")]
    + [("exact", yes) for yes in ("1", "true", "True", "on", "yes")]
    + [("exact", no) for no in ("0", "false", "False", "off", "no")],
)
def test_other_spellings_of_a_valid_value_are_read_without_a_word(name: str, value: str) -> None:
    assert decode({name: value})[1] == []


def test_flags_are_read_for_what_they_say() -> None:
    assert [decode({"exact": text})[0].exact for text in ("0", "off", "1", "on")] == [
        False,
        False,
        True,
        True,
    ]


JUNK: list[object] = [None, True, [], [1], {}, {"a": 1}, "x", [[["y"]]]]


@pytest.mark.parametrize("junk", JUNK, ids=str)
@pytest.mark.parametrize("name", ["tau", "theta", "T"])
def test_a_number_of_the_wrong_type_becomes_the_default_with_a_word(
    name: str, junk: object
) -> None:
    experiment, notes = from_json(json.dumps({name: junk, "weights": [1], "spikes": [[]]}))
    assert getattr(experiment, name) == getattr(DEFAULT, name)
    assert len(notes) == 1
    assert notes[0].startswith(f"{name} ")
    assert f"is unreadable: now {getattr(DEFAULT, name):g}" in notes[0]


@pytest.mark.parametrize("junk", [True, [], [1], {}, "x", [1, 2, 3], [1, "x"], [[1], [2]]], ids=str)
def test_pinned_time_constants_that_are_not_two_numbers_are_left_out(junk: object) -> None:
    experiment, notes = from_json(json.dumps({"pinned": junk}))
    assert experiment == DEFAULT
    assert notes == ["pinned time constants are not two numbers: left out"]


def test_pinned_time_constants_are_brought_within_their_bounds() -> None:
    experiment, notes = decode({"pinned": "5000_0.01"})
    assert experiment.pinned == (1000, 0.1)
    assert notes == [
        "pinned time constant 5000 is above 1000: now 1000",
        "pinned time constant 0.01 is below 0.1: now 0.1",
    ]


def test_bad_weights_are_mended_one_by_one_and_told_together() -> None:
    experiment, notes = decode({"weights": "nan_1_inf_-99_1e400_x"})
    assert experiment.weights == (0, 1, 10, -10, 10, 0)
    assert experiment.spikes == DEFAULT.spikes
    assert notes == [
        "2 weights are unreadable: now 0",
        "2 weights are above 10: now 10",
        "weight -99 is below -10: now -10",
    ]


def test_bad_spike_times_are_mended_one_by_one_and_told_together() -> None:
    experiment, notes = decode({"weights": "1_1", "spikes": "1~nan~x~-5_inf~300~7"})
    assert experiment.spikes == ((0, 1), (7, 100, 100))
    assert notes == [
        "2 spike times are unreadable: left out",
        "spike time -5 is below 0: now 0",
        "2 spikes after T = 100 ms: now at 100 ms",
    ]


def test_a_shorter_trial_takes_its_late_spikes_to_its_end() -> None:
    experiment, notes = decode({"T": "50"})
    assert experiment.spikes == ((21.5, 50), (27.5,), (38.5,), (13, 50), (34.5,), (50,))
    assert notes == ["3 spikes after T = 50 ms: now at 50 ms"]


def test_a_lone_spike_time_is_read_as_a_row_of_one() -> None:
    experiment, notes = from_json('{"weights": [1, 2], "spikes": [5, [6, 7]]}')
    assert experiment.spikes == ((5,), (6, 7))
    assert notes == []


@pytest.mark.parametrize(
    ("weights", "spikes", "count", "note"),
    [
        ([1, 2, 3], [[5]], 3, "3 weights against 1 row of spikes: filled up to 3"),
        ([1], [[5], []], 2, "1 weight against 2 rows of spikes: filled up to 2"),
        ([], [], 1, "0 weights against 0 rows of spikes: filled up to 1"),
    ],
)
def test_missing_weights_are_0_and_missing_rows_empty(
    weights: list[float], spikes: list[list[float]], count: int, note: str
) -> None:
    experiment, notes = repair({"weights": weights, "spikes": spikes})
    assert list(experiment.weights) == weights + [0] * (count - len(weights))
    assert [list(row) for row in experiment.spikes] == spikes + [[]] * (count - len(spikes))
    assert notes == [note]


@pytest.mark.parametrize("junk", [None, 3, "abc", {"a": 1}, True], ids=str)
@pytest.mark.parametrize("name", ["weights", "spikes"])
def test_lists_that_are_none_become_the_default(name: str, junk: object) -> None:
    experiment, notes = from_json(json.dumps({name: junk}))
    assert experiment == DEFAULT
    assert len(notes) == 1
    assert re.fullmatch(rf"{name} \S+ is unreadable: now the default", notes[0])


def test_afferents_beyond_100_and_spikes_beyond_50_are_left_out() -> None:
    many = {"weights": [0.5] * 101, "spikes": [list(range(60))] + [[]] * 102}
    experiment, notes = repair(many)
    assert experiment.weights == (0.5,) * 100
    assert experiment.spikes == (tuple(range(50)), *[()] * 99)
    assert notes == [
        "101 weights are more than 100: the rest is left out",
        "103 rows of spikes are more than 100: the rest is left out",
        "60 spikes of afferent 1 are more than 50: the rest is left out",
    ]


@pytest.mark.parametrize("text", ["null", "3", '"x"', "[]", "[1, 2]", "true", "NaN"])
def test_json_that_is_no_object_opens_the_default(text: str) -> None:
    experiment, notes = from_json(text)
    assert experiment == DEFAULT
    assert notes == ["it does not hold an experiment: so the default is shown"]


@pytest.mark.parametrize("text", ["", "{", "hello", "{'tau': 3}", '{"tau": 3} x'])
def test_text_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^text is not JSON: "):
        from_json(text)


def test_json_nested_beyond_reason_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^text is nested too deeply"):
        from_json("[" * 100_000)


def test_junk_nested_deeply_in_one_field_leaves_the_others() -> None:
    deep = "[" * 500 + "]" * 500
    experiment, notes = from_json(f'{{"tau": {deep}, "theta": 2, "weights": [{deep}, 3]}}')
    assert (experiment.tau, experiment.theta) == (15, 2)
    assert experiment.weights == (0, 3, 0, 0, 0, 0)
    assert len(notes) == 3


@pytest.mark.parametrize("number", ["9" * 400, "9" * 5000, "-" + "9" * 5000])
def test_integers_of_any_length_are_brought_within_bounds(number: str) -> None:
    experiment, notes = from_json(f'{{"tau": {number}, "weights": [{number}], "spikes": [[]]}}')
    assert experiment.tau == (0.1 if number[0] == "-" else 1000)
    assert abs(experiment.weights[0]) == 10
    assert len(notes) == 2
    assert repair({"tau": 10**5000})[0].tau == 1000
    assert repair({"tau": -(10**5000)})[0].tau == 0.1


def test_a_parameter_beside_a_packed_link_is_read_too() -> None:
    assert decode({"z": pack(b"tau=30&theta=2"), "theta": "3"})[0] == Experiment(tau=30, theta=3)


WHOLE = pack(b"tau=30&theta=2&shunt=1")


@pytest.mark.parametrize(
    "packed",
    [
        "",
        "!!!",
        "AAAA",
        "\u00e9",
        WHOLE[:-4],
        WHOLE[4:],
        WHOLE[:9] + "!" + WHOLE[9:],
        WHOLE[:-3] + "AAA",
        base64.urlsafe_b64encode(zlib.compress(b"tau=30") + b"junk").decode(),
        base64.urlsafe_b64encode(b"tau=30").decode(),
        pack(b"\xff\xfe"),
        pack(b"weights=" + b"1" * 5_000_000),
    ],
)
def test_a_damaged_packed_link_opens_the_default(packed: str) -> None:
    experiment, notes = decode({"z": packed})
    assert experiment == DEFAULT
    assert notes == ["its packed part is damaged: so the default is shown"]


def test_a_packed_link_that_would_unpack_to_gigabytes_is_not_unpacked() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b"0" * 5_900_000, 9)).decode()
    assert len(bomb) < LINK_LIMIT
    assert decode({"z": bomb})[1] == ["its packed part is damaged: so the default is shown"]


def test_a_link_within_a_packed_link_is_not_opened() -> None:
    experiment, notes = decode({"z": pack(b"tau=30&z=" + WHOLE.encode())})
    assert experiment == Experiment(tau=30)
    assert notes == ["z is not known here: left out"]


@pytest.mark.parametrize("name", ["z", "weights", "tau"])
def test_a_link_that_is_too_long_opens_the_default(name: str) -> None:
    experiment, notes = decode({name: "1" * 9000})
    assert experiment == DEFAULT
    assert notes == ["it is longer than 8000 characters: so the default is shown"]


@pytest.mark.parametrize("query", [b"spikes=" + b"~" * 99_000, b"weights=" + b"_" * 99_000])
def test_the_largest_junk_a_link_can_unpack_to_is_opened_at_once(query: bytes) -> None:
    start = time.process_time()
    _, notes = decode({"z": pack(query)})
    assert time.process_time() - start < 1
    assert len(notes) <= 3


# What is said.


def test_nothing_is_said_where_nothing_was_changed() -> None:
    assert sentence([]) == ""


def test_the_sentence_names_every_change() -> None:
    _, notes = decode({"tau": "5000", "theta": "abc"})
    assert sentence(notes) == (
        "Not everything in this link could be used as it was: "
        "tau 5000 is above 1000, now 1000; theta abc is unreadable, now 1."
    )
    assert sentence(notes, "file").startswith("Not everything in this file could")


def test_the_sentence_stays_short_however_much_was_changed() -> None:
    _, notes = from_json(json.dumps({f"name{i}": "x" for i in range(500)}))
    assert len(notes) == 500
    assert len(sentence(notes)) < 300
    assert sentence(notes).endswith("; and 496 more.")


@pytest.mark.parametrize(
    "evil",
    [
        *("![](//evil.example/a)", "www.evil.example", "<script>", "[a](b)", "**x**", "`x`", "$x$"),
        *(":red[x]", "a:b", "a: b", "\n# a", "\ud800", "\u202eabc", "\x00"),
    ],
    ids=ascii,
)
def test_nothing_from_outside_can_act_as_markup_in_the_sentence(evil: str) -> None:
    for raw in ({evil: 1}, {"tau": evil}, {"weights": [evil]}, {"exact": evil}, {"version": evil}):
        said = sentence(repair(raw)[1])
        assert said.count(":") == 1
        assert not re.search(r"[\[\]<>*`$|\\#!()]|www\.|[^ -~]", said.replace("(empty)", ""))


def check(experiment: Experiment, notes: list[str]) -> None:
    """Check what every opening promises."""
    assert Experiment.model_validate(experiment.model_dump()) == experiment
    for note in notes:
        assert re.fullmatch(r"[^:]+: [^:]+", note), note
    said = sentence(notes)
    said.encode()
    assert len(said) < 700
    assert bool(said) == bool(notes)


FIELDS = st.sampled_from([*Experiment.model_fields, "z"])
NUMBERS = st.one_of(
    st.floats().map(repr), st.integers().map(str), st.sampled_from(["1e400", "-1e999", "9" * 400])
)
LISTS = st.lists(NUMBERS | st.text(max_size=3), max_size=120).flatmap(
    lambda items: st.sampled_from("_~").map(lambda mark: mark.join(items))
)


@settings(deadline=None, max_examples=400)
@given(
    st.dictionaries(FIELDS | st.text(max_size=30), st.one_of(st.text(), NUMBERS, LISTS), max_size=8)
)
def test_any_link_opens_a_valid_experiment(parameters: dict[str, str]) -> None:
    check(*decode(parameters))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(FIELDS | st.text(max_size=5), inner)
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=250)
@given(JSON | st.dictionaries(FIELDS, JSON, max_size=6))
def test_any_json_opens_a_valid_experiment(raw: object) -> None:
    check(*from_json(json.dumps(raw)))
    check(*repair(raw))


@settings(deadline=None, max_examples=100)
@given(experiments(), st.integers(0, 3000), st.binary(min_size=1, max_size=3))
def test_a_link_damaged_anywhere_opens_a_valid_experiment(
    experiment: Experiment, place: int, junk: bytes
) -> None:
    link = encode(experiment)
    cut = place % (len(link) + 1)
    check(*opened(link[:cut] + junk.decode("latin-1") + link[cut + len(junk) :]))


@settings(deadline=None, max_examples=100)
@given(experiments())
def test_mending_a_valid_experiment_changes_nothing(experiment: Experiment) -> None:
    assert repair(experiment.model_dump()) == (experiment, [])


# CSV from other hands.


def test_csv_lists_a_line_for_each_spike_and_one_for_a_silent_afferent() -> None:
    experiment = Experiment(weights=(0.5, -1), spikes=((3, 40.5), ()))
    assert to_csv(experiment) == "afferent,weight,time_ms\n1,0.5,3.0\n1,0.5,40.5\n2,-1.0,\n"


@pytest.mark.parametrize(
    "text",
    [
        "afferent , weight, time_ms \n1, 0.5 , 3\n2, -1, 4\n",
        "time_ms,afferent,weight\r\n3,1,0.5\r\n4,2,-1\r\n",
        "afferent,weight,time_ms,remark\n\n2,-1,4,x\n\n1,0.5,3\n",
        '"afferent", "weight","time_ms"\n"1", "0.5","3"\n"2.0","-1","4"',
    ],
    ids=["blanks", "other order", "more columns and empty lines", "quotes"],
)
def test_csv_of_other_programs_is_read(text: str) -> None:
    experiment, notes = from_csv(text, DEFAULT)
    assert experiment.weights == (0.5, -1)
    assert experiment.spikes == ((3,), (4,))
    assert notes == []


def test_an_afferent_left_out_of_csv_is_silent() -> None:
    experiment, _ = from_csv("afferent,weight,time_ms\n3,0.5,3\n", DEFAULT)
    assert experiment.weights == (0, 0, 0.5)
    assert experiment.spikes == ((), (), (3,))


def test_a_weight_need_stand_only_once_in_csv() -> None:
    experiment, notes = from_csv("afferent,weight,time_ms\n1,,3\n1,0.5,4\n1,,5\n", DEFAULT)
    assert (experiment.weights, experiment.spikes) == ((0.5,), ((3, 4, 5),))
    assert notes == []


def test_of_two_weights_in_csv_the_first_counts_with_a_word() -> None:
    experiment, notes = from_csv("afferent,weight,time_ms\n1,0.5,3\n1,0.7,4\n", DEFAULT)
    assert (experiment.weights, experiment.spikes) == ((0.5,), ((3, 4),))
    assert notes == ["1 afferent with more than one weight: the first counts"]


def test_bad_numbers_in_csv_are_mended() -> None:
    experiment, notes = from_csv("afferent,weight,time_ms\n1,99,x\n2,,300\n", DEFAULT)
    assert experiment.weights == (10, 0)
    assert experiment.spikes == ((), (100,))
    assert len(notes) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "text has no column afferent in its first line"),
        ("afferent,time_ms\n1,2", "text has no column weight in its first line"),
        ("afferent;weight;time_ms\n1;2;3", "text has no column afferent in its first line"),
        ("afferent,weight,time_ms\n", "text holds no afferent: expected lines of afferent"),
        ("afferent,weight,time_ms\n0,1,2", "afferent in line 2 is 0, not a number from 1 to 100"),
        ("afferent,weight,time_ms\n1,1,2\n101,1,2", "afferent in line 3 is 101, not a number"),
        ("afferent,weight,time_ms\n1.5,1,2", "afferent in line 2 is 1.5, not a number"),
        ("afferent,weight,time_ms\nx,1,2", "afferent in line 2 is x, not a number"),
        ("afferent,weight,time_ms\n" + "9" * 5000, "afferent in line 2 is 9+\\.\\.\\., not a"),
        ('afferent,weight,time_ms\n1,1,"' + "9" * 200_000, "text is not CSV: field larger"),
    ],
    ids=lambda text: text[:30],
)
def test_text_that_is_no_table_of_spikes_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        from_csv(text, DEFAULT)


@settings(deadline=None, max_examples=150)
@given(st.text() | st.text(alphabet='1,."\n\r x').map("afferent,weight,time_ms\n".__add__))
def test_any_text_is_a_table_of_spikes_or_refused(text: str) -> None:
    try:
        check(*from_csv(text, DEFAULT))
        return
    except ValueError as error:
        refusal = str(error)
    assert re.match(r"text (has|holds|is) |afferent in line \d+ is ", refusal)
