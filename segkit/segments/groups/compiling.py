"""A rule checked against the words that are known, and compiled to one SELECT."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Literal

from segkit.engine import literal
from segkit.errors import EngagementError, first_few, nearest
from segkit.segments.groups.grammar import Apply, Call, Name, Node, Number, Text, Truth, parse
from segkit.segments.groups.numbers import Num, compare, exactly, over, plus, times
from segkit.segments.groups.registry import DAYS, MEASURES, PEERS, Measure, Source
from segkit.segments.groups.windows import PER, Window, window

Kind = Literal["text", "date", "truth", "whole", "money", "price", "real"]
_SIGNS = ("=", "<>", "<", "<=", ">", ">=")
#: Who never ordered or was never visited is so many days from it.
NEVER = 1_000_000_000
_RESERVED = ("last", "by", "per")
#: Customers with a number each, and lines with it: fifty rules group by it in half the time.
PREPARED = {"order_lines": "rule_lines", "customers": "rule_customers"}
PLACE = "customer_place"


@dataclass(frozen=True)
class Known:
    """A column that a rule may name.

    Attributes
    ----------
    sql
        How it is called in the query.
    kind
        ``money`` is minor units, ``price`` has six decimals, ``real`` is not exact.
    """

    sql: str
    kind: Kind


@dataclass(frozen=True)
class Words:
    """What rules may speak of.

    Attributes
    ----------
    attributes
        Columns of the customer, by the name in a rule.
    filters
        Columns of each table that is at hand, by the name in a call.
    is_prepared
        Whether lines and customers are asked as `PREPARED` tables, with a number for a customer.
    """

    attributes: Mapping[str, Known]
    filters: Mapping[Source, Mapping[str, Known]] = field(default_factory=dict)
    as_of: date = date.min
    window_months: int = 24
    minor: int = 100
    is_prepared: bool = False

    def table(self, name: str) -> str:
        """The table that is asked for the rows of `name`."""
        return PREPARED.get(name, name) if self.is_prepared else name

    def key(self, name: str) -> str:
        """The column that tells whose row of `name` it is."""
        return PLACE if self.is_prepared and name in PREPARED else "customer_id"


@dataclass(frozen=True)
class _Part:
    """A checked part of a rule: a condition, a text, a day or a number, as SQL."""

    kind: Literal["condition", "text", "date", "number"]
    sql: str = ""
    number: Num = field(default_factory=Num)
    text: str | None = None


@dataclass
class _Query:
    """The parts of the SELECT that one rule needs, each once: its text, and what it is called.

    Attributes
    ----------
    counted
        Sums by customer, of one call each, and the column that is the customer.
    peers
        Averages and medians by the attribute in which peers are alike, and that attribute.
    """

    counted: dict[tuple[str, str], str] = field(default_factory=dict)
    peers: dict[tuple[str, str], str] = field(default_factory=dict)
    uses_behaviour: bool = False


def compile_rule(rule: str, words: Words) -> str:
    """One SELECT of the customers whom a rule holds for, over all customers, in order of their id.

    Raises
    ------
    EngagementError
        If the text is no rule, or names what is not known.
    """
    query = _Query()
    return _select(_condition(parse(rule), words, query), query, words)


def compile_attributes(rule: str, columns: Mapping[str, Known], minor: int = 100) -> str:
    """The condition of a rule over plain columns, without calls, as SQL.

    Parameters
    ----------
    columns
        The columns it may name, with their SQL and kind.
    minor
        How many minor units make one of the currency.

    Examples
    --------
    >>> compile_attributes("class = 'A' and net > 1.5", {"class": Known("class", "text"),
    ...     "net": Known("net", "money")})
    "((class = 'A') AND (net > 150))"
    """
    return _condition(parse(rule), Words(columns, minor=minor), None)


# --- conditions -----------------------------------------------------------------------------------


def _condition(node: Node, words: Words, query: _Query | None) -> str:
    part = _part(node, words, query)
    if part.kind != "condition":
        raise EngagementError(
            f"The rule uses {_spoken(node)} as a condition, and it is none.\n"
            "Fix: compare it with something, such as > 0."
        )
    return part.sql


def _part(node: Node, words: Words, query: _Query | None) -> _Part:
    match node:
        case Number(value):
            return _Part("number", number=exactly(Fraction(value)))
        case Text(value):
            return _Part("text", literal(value), text=value)
        case Truth(value):
            return _Part("condition", "true" if value else "false")
        case Name(name):
            return _column(name, words, query)
        case Call():
            return _Part("number", number=_called(node, words, query))
        case Apply("or" | "and" as op, parts):
            told = [f"({_condition(one, words, query)})" for one in parts]
            return _Part("condition", f"({f' {op.upper()} '.join(told)})")
        case Apply("not", parts):
            return _Part("condition", f"NOT ({_condition(parts[0], words, query)})")
        case Apply("missing", parts):
            return _missing(_part(parts[0], words, query))
        case Apply("between", parts):
            below, above = (Apply(sign, (parts[0], parts[n])) for sign, n in ((">=", 1), ("<=", 2)))
            return _part(Apply("and", (below, above)), words, query)
        case Apply("in", parts):
            return _part(
                Apply("or", tuple(Apply("=", (parts[0], one)) for one in parts[1:])), words, query
            )
        case Apply(op, (one, other)) if op in _SIGNS:
            return _compared(op, node, _part(one, words, query), _part(other, words, query), words)
        case Apply(op, (one, other)):
            return _Part(
                "number",
                number=_reckoned(
                    op, _number(one, words, query), _number(other, words, query), words
                ),
            )
    raise AssertionError(node)  # the grammar makes no other node


def _column(name: str, words: Words, query: _Query | None) -> _Part:
    known = words.attributes.get(name)
    if known is None:
        hint = nearest(name, [*words.attributes, *(words.filters and MEASURES)])
        is_call = words.filters and name in MEASURES
        fix = f"write {name}()" if is_call else "name a column as docs/rules.md lists them"
        raise EngagementError(
            f"The rule names {_short(name)}, which is no column.{hint}\nFix: {fix}."
        )
    if query and known.sql.startswith("b."):
        query.uses_behaviour = True
    return _known(known)


def _known(known: Known) -> _Part:
    match known.kind:
        case "truth":
            return _Part("condition", known.sql)
        case "text" | "date" as kind:
            return _Part(kind, known.sql)
        case "whole" | "money" as kind:
            return _Part("number", number=Num(known.sql, is_money=kind == "money"))
        case "price":
            millionths = f"CAST({known.sql} * 1000000 AS HUGEINT)"
            return _Part("number", number=Num(millionths, 1_000_000))
        case _:
            return _Part("number", number=Num(real=known.sql))


def _missing(part: _Part) -> _Part:
    if part.kind != "number":
        return _Part("condition", f"({part.sql}) IS NULL")
    one = part.number
    if one.real is not None:
        return _Part("condition", f"{one.real} IS NULL")
    parts = [f"({sql}) IS NULL" for sql in (one.above, one.below) if not isinstance(sql, int)]
    return _Part("condition", f"({' OR '.join(parts)})" if parts else "false")


def _compared(op: str, node: Node, one: _Part, other: _Part, words: Words) -> _Part:
    if one.kind == other.kind == "number":
        return _Part("condition", compare(one.number, op, other.number, words.minor))
    if {one.kind, other.kind} == {"text", "date"}:
        one, other = _as_date(one), _as_date(other)
    if one.kind != other.kind:
        raise EngagementError(
            f"The rule compares {_KINDS[one.kind]} with {_KINDS[other.kind]} in {_spoken(node)}.\n"
            "Fix: texts and days stand in 'quotes', numbers stand without."
        )
    if one.kind != "date" and op not in ("=", "<>"):
        raise EngagementError(
            f"The rule asks which {_KINDS[one.kind]} is larger in {_spoken(node)}.\n"
            "Fix: compare by =, <> or in."
        )
    return _Part("condition", f"{_inner(one)} {op} {_inner(other)}")


_KINDS = {
    "condition": "a condition", "text": "a text", "date": "a day", "number": "a number",
}  # fmt: skip


def _inner(part: _Part) -> str:
    return f"({part.sql})" if part.kind == "condition" else part.sql


def _as_date(part: _Part) -> _Part:
    if part.kind == "date":
        return part
    try:
        day = date.fromisoformat(part.text or "")
    except ValueError:
        raise EngagementError(
            f"The rule compares a day with {_short(part.text or 'a text')}.\n"
            "Fix: write the day as '2026-03-31'."
        ) from None
    return _Part("date", f"DATE '{day.isoformat()}'")


def _number(node: Node, words: Words, query: _Query | None) -> Num:
    part = _part(node, words, query)
    if part.kind != "number":
        raise EngagementError(
            f"The rule reckons with {_spoken(node)}, which is no number.\n"
            "Fix: reckon with numbers and measures."
        )
    return part.number


def _reckoned(op: str, one: Num, other: Num, words: Words) -> Num:
    match op:
        case "*" if one.is_money and other.is_money:
            return times(one, other.as_number(words.minor))
        case "*":
            return times(one, other)
        case "/":
            return over(one, other, words.minor)
        case _:
            return plus(one, other, words.minor, sign=op)


# --- calls ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A call that was read: the measure, the days, and what filters its rows.

    Attributes
    ----------
    per
        The unit of time it is divided by.
    """

    measure: Measure
    window: Window
    last: str | None
    per: str | None
    filters: tuple[Node, ...]


def asked(call: Call, words: Words) -> Asked:
    """What a call of a measure asks for.

    Raises
    ------
    EngagementError
        If it names no measure, or says something twice or of the wrong kind.
    """
    measure = MEASURES.get(call.name)
    if measure is None:
        hint = nearest(call.name, [*MEASURES, *PEERS])
        raise EngagementError(
            f"The rule calls {_short(call.name)}(), which is no measure.{hint}\n"
            "Fix: name a measure as docs/rules.md lists them."
        )
    if measure.source not in words.filters:
        raise EngagementError(
            f"The rule calls {measure.name}(), and no {measure.source} were given.\n"
            f"Fix: give {measure.source}, or leave the rule out."
        )
    told, filters = _sorted(call, ("last", "per"))
    last, per = (told.get(name) for name in ("last", "per"))
    if measure.unit == "days" and told:
        raise EngagementError(
            f"{measure.name}() looks at all records, so it takes no {first_few([*told])}.\n"
            "Fix: leave it out, and compare the days."
        )
    if per is not None and (measure.is_rate or measure.per):
        raise EngagementError(
            f"{measure.name}() is a rate already, so it takes no per.\nFix: leave it out."
        )
    if per is not None and per not in PER:
        raise EngagementError(
            f"per is '{_short(per)}'.{nearest(per, PER)}\nFix: write one of: {', '.join(PER)}."
        )
    days = window(last, words.as_of, words.window_months)
    return Asked(measure, days, last, per or measure.per, filters)


def peers(call: Call, words: Words) -> tuple[Call, str | None]:
    """What is compared with peers, and the attribute in which they are alike.

    Raises
    ------
    EngagementError
        If it is not one call of a measure, or the attribute is none.
    """
    told, rest = _sorted(call, ("by",))
    if len(rest) != 1 or not isinstance(rest[0], Call) or rest[0].name in PEERS:
        raise EngagementError(
            f"{call.name}() compares one measure with peers.\n"
            f"Fix: write {call.name}(spend(last = '3 months'), by = category)."
        )
    by = told.get("by")
    known = words.attributes.get(by) if by else None
    if by and (known is None or known.kind not in ("text", "truth")):
        texts = [name for name, one in words.attributes.items() if one.kind in ("text", "truth")]
        raise EngagementError(
            f"{call.name}() is by {_short(by)}, which is no attribute to group by."
            f"{nearest(by, texts)}\nFix: name a column of the customer that holds a text."
        )
    return rest[0], by


def _sorted(call: Call, taken: tuple[str, ...]) -> tuple[dict[str, str], tuple[Node, ...]]:
    """What the reserved words of a call say, and its other arguments; each is said once."""
    told: dict[str, str] = {}
    rest: list[Node] = []
    seen: list[str] = []
    for arg in call.args:
        key = arg.parts[0].name if isinstance(arg, Apply) and isinstance(arg.parts[0], Name) else ""
        if key in _RESERVED:
            seen.append(key)
            told[key] = _said(call, key, arg, taken)
        else:
            seen += [] if isinstance(arg, Call) else names(arg)
            rest.append(arg)
    twice = sorted({name for name in seen if seen.count(name) > 1})
    if twice:
        raise EngagementError(
            f"{call.name}() says {_short(twice[0])} twice.\n"
            f"Fix: say it once; several values as {_short(twice[0])} in ('one', 'other')."
        )
    return told, tuple(rest)


def _said(call: Call, key: str, arg: Node, taken: tuple[str, ...]) -> str:
    if key not in taken:
        place = "in average() or median()" if key == "by" else "in a measure"
        raise EngagementError(
            f"{_short(call.name)}() takes no {key}.\nFix: write {key} {place}, or leave it out."
        )
    match arg:
        case Apply("=", (_, Name(value) | Text(value))):
            return value
    raise EngagementError(
        f"{_short(call.name)}() does not say what {key} is.\nFix: write {key} = {_SUCH[key]}."
    )


_SUCH = {"last": "'3 months'", "per": "'month'", "by": "category"}


def names(node: Node) -> Iterable[str]:
    """The columns that a rule names, each time it does."""
    match node:
        case Name(name):
            yield name
        case Apply(_, parts) | Call(_, parts):
            for part in parts:
                yield from names(part)


def _called(call: Call, words: Words, query: _Query | None) -> Num:
    if query is None:
        raise EngagementError(
            f"The rule calls {_short(call.name)}(), and here only columns can be used.\n"
            f"Fix: name one of: {first_few(list(words.attributes), 8)}."
        )
    if call.name in PEERS:
        return _peers(call, words, query)
    one = asked(call, words)
    counted = _counted(one, words, query)
    measure = one.measure
    if measure.unit == "days":
        return Num(f"coalesce({_value(counted, measure, words)}, {NEVER})")
    number = Num(_value(counted, measure, words))
    if measure.is_rate:
        number = over(number, Num(f"{counted}.below"), 1)
    return _scaled(number, one)


def _value(counted: str, measure: Measure, words: Words) -> str:
    """What a customer has of a measure; a sum without rows is 0."""
    if measure.unit == "days":
        return f"date_diff('day', {counted}.above, DATE '{words.as_of.isoformat()}')"
    if measure.is_rate:
        return f"{counted}.above"
    return f"CASE WHEN {counted}.id IS NULL THEN 0 ELSE {counted}.above END"


def _scaled(number: Num, one: Asked) -> Num:
    """A sum in its unit, divided by the time it is asked for."""
    span = one.window.length(one.per) if one.per else 1
    number = times(number, exactly(Fraction(1, one.measure.scale) / span))
    return replace(number, is_money=one.measure.unit == "money")


def _counted(one: Asked, words: Words, query: _Query) -> str:
    """The name of the sums of one call, added to the query's unless they are there."""
    measure, days = one.measure, DAYS[one.measure.source]
    known = words.filters[measure.source]
    key = words.key(measure.source)
    tests = [f"l.{days} <= DATE '{one.window.until.isoformat()}'", f"l.{key} IS NOT NULL"]
    if measure.unit != "days":
        tests.append(f"l.{days} > DATE '{one.window.after.isoformat()}'")
    else:
        tests[0] = f"l.{days} <= DATE '{words.as_of.isoformat()}'"
    named = {name for node in one.filters for name in names(node)}
    if measure.rows and not (measure.source == "visits" and "kind" in named):
        tests.append(f"({measure.rows})")
    tests += [_filter(node, known, measure, words) for node in one.filters]
    joins = measure.needs_product or any(known[name].sql.startswith("p.") for name in named)
    product = " LEFT JOIN products AS p ON p.product_id = l.product_id" if joins else ""
    where = f"FROM {words.table(measure.source)} AS l{product} WHERE {' AND '.join(tests)}"
    sums = [f"{_cast(measure.above, measure, words)} AS above"]
    if measure.below:
        sums.append(f"{_cast(measure.below, measure, words)} AS below")
    told = f"SELECT l.{key} AS id, {', '.join(sums)} {where} GROUP BY l.{key}"
    return query.counted.setdefault((told, key), f"m{len(query.counted) + 1}")


def _cast(sql: str, measure: Measure, words: Words) -> str:
    sql = sql.replace("{minor}", str(words.minor))
    return sql if measure.unit == "days" else f"CAST({sql} AS BIGINT)"


def _filter(node: Node, known: Mapping[str, Known], measure: Measure, words: Words) -> str:
    """One condition on the rows of a call."""
    unknown = [name for name in names(node) if name not in known]
    if unknown:
        hint = nearest(unknown[0], [*known, *_RESERVED])
        raise EngagementError(
            f"{measure.name}() filters by {_short(unknown[0])}, which {measure.source} lack."
            f"{hint}\n"
            "Fix: name a column as docs/rules.md lists them."
        )
    if not any(names(node)):
        raise EngagementError(
            f"{measure.name}() is given {_spoken(node)}, which filters nothing.\n"
            "Fix: write a column and what it is, such as channel = 'web'."
        )
    own = Words(known, minor=words.minor)
    return f"({_condition(node, own, None)})"


def _peers(call: Call, words: Words, query: _Query) -> Num:
    """The average or the median of the active customers who are alike in one attribute.

    The average of a rate is the rate of all of them together. Who never ordered or was never
    visited has no days to be averaged.
    """
    inner, by = peers(call, words)
    one = asked(inner, words)
    measure, counted = one.measure, _counted(one, words, query)
    group = _column(by, words, query).sql if by else "1"
    value, below = _value(counted, measure, words), f"{counted}.below"
    if call.name == "average":
        many = f"sum({below})" if measure.is_rate else f"count({value})"
        select = f"CAST(sum({value}) AS BIGINT) AS above, CAST({many} AS BIGINT) AS below"
        name = query.peers.setdefault((select, group), f"g{len(query.peers) + 1}")
        return _scaled(over(Num(f"{name}.above"), Num(f"{name}.below"), 1), one)
    if measure.is_rate:
        value = f"CAST({value} AS DOUBLE) / nullif({below}, 0)"
    name = query.peers.setdefault((value, group), f"g{len(query.peers) + 1}")
    if measure.is_rate:
        return Num(real=f"({name}.above / 2)", is_money=measure.unit == "money")
    return _scaled(Num(f"{name}.above", 2), one)


# --- the SELECT -----------------------------------------------------------------------------------


def _select(condition: str, query: _Query, words: Words) -> str:
    source = f"{words.table('customers')} AS c"
    if query.uses_behaviour:
        source += " LEFT JOIN behaviour AS b ON b.customer_id = c.customer_id"
    for (_, key), name in query.counted.items():
        source += f" LEFT JOIN {name} ON {name}.id = c.{key}"
    made = [f"{name} AS ({told})" for (told, _), name in query.counted.items()]
    key = words.key("order_lines")
    if query.peers:
        start = window(None, words.as_of, words.window_months).after
        made.append(
            f"active AS (SELECT DISTINCT {key} AS id FROM {words.table('order_lines')} "
            f"WHERE order_date > DATE '{start.isoformat()}' "
            f"AND order_date <= DATE '{words.as_of.isoformat()}' AND {key} IS NOT NULL)"
        )
    alike = f"{source} JOIN active ON active.id = c.{key}"
    for (value, group), name in query.peers.items():
        made.append(f"{name} AS ({_of_peers(value, group, alike)})")
        source += f" LEFT JOIN {name} ON {name}.alike = {group}"
    head = f"WITH {', '.join(made)} " if made else ""
    return f"{head}SELECT c.customer_id FROM {source} WHERE {condition} ORDER BY c.customer_id"


def _of_peers(value: str, group: str, source: str) -> str:
    if " AS above" in value:
        return f"SELECT {group} AS alike, {value} FROM {source} GROUP BY {group}"
    middle = " + ".join(
        f"sum(CASE WHEN 2 * place IN ({both}) THEN value ELSE 0 END)"
        for both in ("n, n + 1", "n + 1, n + 2")
    )
    return (
        f"SELECT alike, {middle} AS above FROM (SELECT {group} AS alike, {value} AS value, "
        f"row_number() OVER (PARTITION BY {group} ORDER BY {value}) AS place, "
        f"count(*) OVER (PARTITION BY {group}) AS n FROM {source} WHERE {value} IS NOT NULL) "
        "AS ranked GROUP BY alike"
    )


# --- what is told of a rule -----------------------------------------------------------------------


def _spoken(node: Node) -> str:
    """A part of a rule as it was written, shortly."""
    match node:
        case Number(value):
            return str(value)
        case Text(value):
            return f"'{_short(value)}'"
        case Truth(value):
            return str(value).lower()
        case Name(name):
            return _short(name)
        case Call(name):
            return f"{_short(name)}()"
        case Apply(op, (one, other)):
            return f"{_spoken(one)} {op} {_spoken(other)}"
        case Apply(op, parts):
            return f"{_spoken(parts[0])} {op} …"
    raise AssertionError(node)


def _short(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= 40 else f"{plain[:40]}…"
