"""Rules as SQL give the customers that they give when asked row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from groups_client import MEASURES, RATES, Oracle, agreed, given, tables
from hypothesis import HealthCheck, example, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from segkit.engine import Engine
from segkit.segments.groups.compiling import Words, compile_rule
from segkit.segments.groups.grammar import Apply, Call, Name, Node, Number, Text, Truth, parse
from segkit.segments.groups.known import words
from segkit.segments.groups.members import prepared
from segkit.segments.groups.registry import MEASURES as REGISTERED

AS_OF = [date(2026, 3, 31), date(2026, 3, 15), date(2026, 2, 28)]


#: Rules that name every column that a rule drawn below may name.
ASKED = tuple(
    enumerate(
        [f"{name}() is missing" for name in REGISTERED]
        + ["spend(channel = 'x', promotion = 'x', product_id = 'x', quantity > 0) > 0"]
    )
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, list[Words]]]:
    with Engine() as engine:
        folder = tmp_path_factory.mktemp("groups")
        made = given(folder, engine, agreed(AS_OF[0], *((f"r{n}", one) for n, one in ASKED)))
        numbered = prepared(made.engagement.segment_rules, made, words(made))
        # a run asks of numbered customers; asked of the tables themselves it is the same
        yield engine, [words(made), numbered]


def written(node: Node) -> str:
    """A rule as a consultant would write it."""
    match node:
        case Number(value):
            return str(value)
        case Text(value):
            return "'" + value.replace("'", "''") + "'"
        case Truth(value):
            return str(value).lower()
        case Name(name):
            return f'"{name}"' if " " in name else name
        case Call(name, args):
            return f"{name}({', '.join(map(written, args))})"
        case Apply("and" | "or" as op, parts):
            return f" {op} ".join(f"({written(one)})" for one in parts)
        case Apply("not", (one,)):
            return f"not ({written(one)})"
        case Apply("missing", (one,)):
            return f"{written(one)} is missing"
        case Apply("between", (one, low, high)):
            return f"{written(one)} between {written(low)} and {written(high)}"
        case Apply("in", (one, *values)):
            return f"{written(one)} in ({', '.join(map(written, values))})"
        case Apply(op, (one, other)):
            told = (f"({written(x)})" if isinstance(x, Apply) else written(x) for x in (one, other))
            return f" {op} ".join(told)
    raise AssertionError(node)


def is_(name: str, value: str) -> Node:
    return Apply("=", (Name(name), Text(value)))


NUMBERS = (
    "0", "1", "2", "3", "30", "91", "100", "1000", "0.5", "1.5", "2.5", "0.1", "1.1", "9.99",
    "10", "10.5", "99", "0.25", "-1", "0.333333",
)  # fmt: skip
numbers = st.sampled_from(NUMBERS).map(lambda text: Number(Decimal(text)))
lasts = st.sampled_from(
    ["1 month", "3 months", "6 months", "1 year", "30 days", "1 day", "2 weeks", "90 days"]
).map(lambda text: is_("last", text))
pers = st.sampled_from(["day", "week", "month", "year"]).map(lambda text: is_("per", text))
line_filters = st.lists(
    st.sampled_from(
        [
            is_("channel", "web"), Apply("<>", (Name("channel"), Text("web"))),
            Apply("in", (Name("channel"), Text("web"), Text("field"))),
            is_("product_category", "Shampoo"), is_("product_id", "p1"),
            Apply("=", (Name("product_is_custom"), Truth(True))),
            Apply("missing", (Name("promotion"),)),
            Apply(">", (Name("net_amount"), Number(Decimal("10.5")))),
            Apply(">=", (Name("quantity"), Number(Decimal(1)))),
        ]
    ),
    max_size=2, unique_by=lambda one: one.parts[0].name,
)  # fmt: skip
FILTERS = {
    "order_lines": line_filters,
    "visits": st.lists(st.sampled_from([is_("kind", "call")]), max_size=1),
    "events": st.lists(st.sampled_from([is_("activity", "claim")]), max_size=1),
}


@st.composite
def measures(draw: st.DrawFn, names: tuple[str, ...] = tuple(sorted(MEASURES))) -> Call:
    measure = REGISTERED[draw(st.sampled_from(names))]
    args = draw(FILTERS[measure.source])
    if measure.unit != "days":
        args += draw(st.lists(lasts, max_size=1))
        if not measure.is_rate and not measure.per:
            args += draw(st.lists(pers, max_size=1))
    return Call(measure.name, tuple(args))


SUMS = tuple(sorted(MEASURES.keys() - RATES.keys()))
by = st.sampled_from(["region", "category"]).map(lambda name: Apply("=", (Name("by"), Name(name))))
peers = st.one_of(
    st.builds(lambda name, one, alike: Call(name, (one, *alike)),
              st.sampled_from(["average", "median"]), measures(SUMS), st.lists(by, max_size=1)),
    st.builds(lambda name, alike: Call("average", (Call(name, ()), *alike)),
              st.sampled_from(sorted(RATES)), st.lists(by, max_size=1)),
)  # fmt: skip
columns = st.sampled_from(["Liczba foteli", "net_revenue", "orders", "size"]).map(Name)
leaves = st.one_of(numbers, measures(), peers)
sums = st.one_of(
    leaves,
    st.builds(lambda op, one, other: Apply(op, (one, other)),
              st.sampled_from("+-*"), leaves, leaves),
    st.builds(lambda one, other: Apply("/", (one, other)), leaves,
              st.one_of(measures(tuple(sorted({"spend", "orders", "quantity", "visits"}))),
                        numbers.filter(lambda one: one.value != 0))),
)  # fmt: skip
signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
simple = st.one_of(
    st.builds(lambda op, one, other: Apply(op, (one, other)), signs, sums, sums),
    st.builds(lambda op, one, other: Apply(op, (one, other)), signs, columns, numbers),
    st.builds(lambda one, low, high: Apply("between", (one, low, high)), sums, numbers, numbers),
    st.builds(lambda one: Apply("missing", (one,)), st.one_of(measures(), columns)),
    st.sampled_from(
        [
            is_("region", "O'South"), Apply("<>", (Name("region"), Text("North"))), Name("vip"),
            Apply("in", (Name("category"), Text("Salon"), Text("None"))),
            Apply("<", (Name("since"), Text("2025-06-30"))),
        ]
    ),
)  # fmt: skip
rules = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds(lambda op, parts: Apply(op, tuple(parts)), st.sampled_from(["and", "or"]),
                  st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda one: Apply("not", (one,)), inner),
    ),
    max_leaves=4,
)  # fmt: skip


@settings(
    max_examples=200, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
@drawn(rule=rules.filter(lambda rule: len(written(rule)) < 1000), as_of=st.sampled_from(AS_OF))
@example(rule=parse("spend() * 1.1 = spend()"), as_of=AS_OF[0])
@example(rule=parse("spend() / orders() <= order_value()"), as_of=AS_OF[0])
def test_a_rule_in_sql_holds_for_whom_it_holds_row_by_row(
    asked: tuple[Engine, list[Words]], rule: Node, as_of: date
) -> None:
    engine, known = asked
    text = written(rule)
    assert parse(text) == rule
    found, plain = (
        engine.query(compile_rule(text, replace(one, as_of=as_of))).column(0).to_pylist()
        for one in known
    )
    assert found == plain
    own = tables()
    behaviour = {one["customer_id"]: one for one in own["behaviour"]}
    for one in own["customers"]:  # columns of behaviour are attributes too
        for name in ("orders", "net_revenue"):
            one[name] = behaviour.get(one["customer_id"], {}).get(name)
    assert found == Oracle(own, as_of).members(rule), text


def test_every_measure_is_asked_of_the_oracle_too() -> None:
    assert sorted(REGISTERED) == sorted(MEASURES)
