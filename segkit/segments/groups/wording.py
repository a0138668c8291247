"""A rule as a sentence part that a seller understands, in the report's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce

from segkit.engagement import Engagement
from segkit.language import Message, Value, as_value, client_word, listed, say, say_n, term
from segkit.segments.groups.compiling import Known, Words, asked, peers
from segkit.segments.groups.grammar import Apply, Call, Name, Node, Number, Text, Truth, parse
from segkit.segments.groups.known import meaning
from segkit.segments.groups.registry import MEASURES, PEERS, SHORT

_SIGNS: Mapping[str, Message] = {
    "=": say("{what}: {value}"),
    "<>": say("{what} other than {value}"),
    "<": say("{what} below {value}"),
    "<=": say("{what} at most {value}"),
    ">": say("{what} above {value}"),
    ">=": say("{what} at least {value}"),
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
_REAL: Mapping[str, Message] = {
    "+": say("{one} + {other}"),
    "-": say("{one} − {other}"),
    "*": say("{one} × {other}"),
    "/": say("{one} / {other}"),
}
_EACH: Mapping[str, Message] = {
    "day": say("{what} a day"),
    "week": say("{what} a week"),
    "month": say("{what} a month"),
    "year": say("{what} a year"),
}


def in_words(rule: str, words: Words, agreed: Engagement) -> Message:
    """A rule in words: "category: Drugstore, and net revenue (last full month) below PLN 1,000".

    The rule was compiled before: what it names is known.
    """
    return _Reader(words, agreed).condition(parse(rule))


@dataclass(frozen=True)
class _Reader:
    """Says the parts of one rule, by the columns it may name."""

    words: Words
    agreed: Engagement

    def condition(self, node: Node) -> Message:
        match node:
            case Apply("or", parts):
                told = [self._bracketed(one) for one in parts]
                return reduce(
                    lambda one, other: say("{one}, or {other}", one=one, other=other), told
                )
            case Apply("and", parts):
                told = [self._bracketed(one) for one in parts]
                return reduce(
                    lambda one, other: say("{one}, and {other}", one=one, other=other), told
                )
            case Apply("not", (Apply("missing", (one,)),)):
                return say("{what} is known", what=self.what(one))
            case Apply("not", (one,)):
                return say("not so: {what}", what=self._bracketed(one))
            case Apply("missing", (one,)):
                return say("{what} is not known", what=self.what(one))
            case Apply("between", (one, *ends)):
                low, high = (self._value(end, one) for end in ends)
                return say("{what} from {low} to {high}", what=self.what(one), low=low, high=high)
            case Apply("in", (one, *values)):
                choice = listed([self._value(value, one) for value in values])
                return say("{what} one of: {list}", what=self.what(one), list=choice)
            case Apply(op, (one, other)) if op in _SIGNS:
                return self._signed(op, one, other)
            case _:
                return self.what(node)

    def what(self, node: Node) -> Message:
        match node:
            case Name(name):
                return _called(name, self.words.attributes[name])
            case Call(name) if name in PEERS:
                return self._peers(node)
            case Call():
                return self._counted(node)
            case Apply(op, (one, other)) if op in _REAL:
                return _filled(_REAL[op], one=self._summed(one), other=self._summed(other))
            case _:
                return say("{value}", value=self._value(node, node))

    def _signed(self, op: str, one: Node, other: Node) -> Message:
        if isinstance(one, (Number, Text, Truth)):
            one, other, op = other, one, _TURNED[op]
        measure = MEASURES.get(one.name) if isinstance(one, Call) else None
        if op == "=" and other == Number(Decimal(0)) and measure and measure.unit == "number":
            return say("no {what}", what=self.what(one))
        return _filled(_SIGNS[op], what=self.what(one), value=self._value(other, one))

    def _bracketed(self, node: Node) -> Message:
        said = self.condition(node)
        return say("({what})", what=said) if _is(node, "or", "and") else said

    def _summed(self, node: Node) -> Message:
        said = self.what(node)
        return say("({what})", what=said) if _is(node, "+", "-", "/") else said

    def _value(self, node: Node, beside: Node) -> Value:
        """What a thing is compared with, as the reader writes it."""
        match node:
            case Text(value):
                return as_value(client_word(value, self.agreed.own_words))
            case Truth(value):
                return as_value(say("yes") if value else say("no"))
            case Number(value):
                unit = self._unit(beside)
                if unit == "money":
                    return Value(value, self.agreed.currency)
                shown = value * 100 if unit == "share" else value
                exponent = shown.normalize().as_tuple().exponent
                digits = max(-exponent, 0) if isinstance(exponent, int) else 0
                return Value(value, "share" if unit == "share" else "number", digits=digits)
            case _:
                return as_value(self.what(node))

    def _unit(self, node: Node) -> str:
        """Whether a thing is money, a share or a plain number."""
        match node:
            case Call(name, args) if name in PEERS:
                return self._unit(next(one for one in args if isinstance(one, Call)))
            case Call(name):
                return MEASURES[name].unit
            case Name(name):
                known = self.words.attributes[name]
                is_share = known.sql.startswith("b.") and meaning(name)[1] == "share"
                return "share" if is_share else known.kind
            case Apply("/", (_, other)) if self._unit(other) == "money":
                return "number"
            case Apply(_, parts):
                units = {self._unit(one) for one in parts}
                return next((one for one in ("money", "share") if one in units), "number")
            case _:
                return "number"

    def _counted(self, call: Call) -> Message:
        """A measure, and in brackets what it looks at."""
        one = asked(call, self.words)
        rows = replace(self.words, attributes=self.words.filters[one.measure.source])
        told = [_Reader(rows, self.agreed).condition(node) for node in one.filters]
        if one.last:
            told.append(_span(one.last))
        label = one.measure.label
        if one.per and not one.measure.per:
            label = _filled(_EACH[one.per], what=label)
        return say("{what} ({details})", what=label, details=listed(told)) if told else label

    def _peers(self, call: Call) -> Message:
        inner, by = peers(call, self.words)
        what = self.what(inner)
        if by is None:
            if call.name == "average":
                return say("average of active customers: {what}", what=what)
            return say("median of active customers: {what}", what=what)
        alike = _called(by, self.words.attributes[by])
        if call.name == "average":
            return say("average of active customers alike in {by}: {what}", by=alike, what=what)
        return say("median of active customers alike in {by}: {what}", by=alike, what=what)


def _called(name: str, known: Known) -> Message:
    """A column as it is spoken of."""
    if known.sql.startswith("b."):
        return meaning(name)[0]
    if known.sql.startswith("p."):
        return say("product {column}", column=term(name.removeprefix("product_")))
    return term(SHORT.get(name, name))


def _is(node: Node, *ops: str) -> bool:
    return isinstance(node, Apply) and node.op in ops


def _filled(form: Message, **args: Message | Value) -> Message:
    """A message whose text was chosen before."""
    return Message(form.text, {name: as_value(one) for name, one in args.items()})


def _span(last: str) -> Message:
    """``3 months`` as words: calendar months are full ones."""
    count, unit = last.split()
    n = int(count)
    match unit.casefold().rstrip("s"):
        case "day":
            return say_n("last {n} day", "last {n} days", n)
        case "week":
            return say_n("last {n} week", "last {n} weeks", n)
        case "month":
            return say_n("last full month", "last {n} full months", n)
        case _:
            return say_n("last {n} year in full months", "last {n} years in full months", n)
