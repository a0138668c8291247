"""The rule language: what a rule may say, and the tree that is made of it. Nothing is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from segkit.errors import EngagementError

if TYPE_CHECKING:
    from lark import Lark

#: A rule that needs more is two rules.
LONGEST, DEEPEST, _DIGITS = 1_000, 25, 15
_GRAMMAR = r"""
start: either
?either: both (_OR both)*
?both: inverse (_AND inverse)*
?inverse: _NOT inverse -> not_ | comparison
?comparison: sum
    | sum SIGN sum -> compared
    | sum _BETWEEN sum _AND sum -> between
    | sum _NOT _BETWEEN sum _AND sum -> not_between
    | sum _IN "(" sum ("," sum)* ")" -> one_of
    | sum _NOT _IN "(" sum ("," sum)* ")" -> not_one_of
    | sum _IS _MISSING -> missing
    | sum _IS _NOT _MISSING -> not_missing
?sum: product | sum PLUS product -> reckoned | sum MINUS product -> reckoned
?product: sign | product TIMES sign -> reckoned | product OVER sign -> reckoned
?sign: atom | MINUS atom -> negative
?atom: NUMBER -> number
    | TEXT -> text
    | _TRUE -> yes
    | _FALSE -> no
    | NAME -> name
    | QUOTED -> quoted
    | NAME "(" [either ("," either)*] ")" -> call
    | "(" either ")"

_AND.2: /and\b/i
_OR.2: /or\b/i
_NOT.2: /not\b/i
_IN.2: /in\b/i
_BETWEEN.2: /between\b/i
_IS.2: /is\b/i
_MISSING.2: /missing\b/i
_TRUE.2: /true\b/i
_FALSE.2: /false\b/i
SIGN: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
NUMBER: /\d+(\.\d+)?(?![\w.])/
TEXT: /'([^'\x00-\x1f]|'')*'/
QUOTED: /"[^"\x00-\x1f]+"/
NAME: /(?!(and|or|not|in|between|is|missing|true|false)\b)[^\W\d]\w*/i
%ignore /[ \t\r\n]+/
"""
#: How what could have stood at a place is told.
_EXPECTED = {
    "NAME": "a column or a measure", "NUMBER": "a number", "TEXT": "a text in 'quotes'",
    "SIGN": "one of = <> < <= > >=", "RPAR": ")", "LPAR": "(", "COMMA": ",", "_AND": "and",
    "_OR": "or", "$END": "the end of the rule",
}  # fmt: skip


@dataclass(frozen=True)
class Number:
    """A number as written, exact."""

    value: Decimal


@dataclass(frozen=True)
class Text:
    """A text in quotes."""

    value: str


@dataclass(frozen=True)
class Truth:
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True)
class Name:
    """A column, by its name."""

    name: str


@dataclass(frozen=True)
class Call:
    """A measure or a comparison with peers, with what stands in its brackets."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Apply:
    """An operation on parts.

    Attributes
    ----------
    op
        ``or and not``; ``= <> < <= > >=``; ``between in missing``; ``+ - * /``.
    """

    op: str
    parts: tuple[Node, ...]


Node = Number | Text | Truth | Name | Call | Apply


def parse(rule: str) -> Node:
    """The tree of a rule.

    Raises
    ------
    EngagementError
        If the text is no rule: it says where it stops being one and what could stand there.

    Examples
    --------
    >>> parse("region = 'Central'")
    Apply(op='=', parts=(Name(name='region'), Text(value='Central')))
    """
    from lark.exceptions import UnexpectedInput

    if len(rule) > LONGEST:
        raise EngagementError(
            f"The rule has {len(rule):,} characters; at most {LONGEST:,} are read.\n"
            "Fix: write it as two rules."
        )
    try:
        tree = _parser().parse(rule)
    except UnexpectedInput as error:
        raise EngagementError(_where(rule, error)) from None
    return _made(tree.children[0])


@lru_cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def _where(rule: str, error: Any) -> str:
    """Where a text stops being a rule, and what could have stood there."""
    known = getattr(error, "accepts", None) or getattr(error, "allowed", None) or ()
    expected = [word for key, word in _EXPECTED.items() if key in known]
    place = error.pos_in_stream
    if getattr(getattr(error, "token", None), "type", "") == "$END" or place is None:
        place = len(rule)
    rest = rule[place:].split("\n")[0].strip()
    found = f"at {_shown(rest)}" if rest else "at its end"
    hint = f"; there could stand: {', '.join(expected)}" if expected else ""
    return (
        f"The rule cannot be read {found} (character {place + 1}){hint}.\n"
        "Fix: correct the rule; docs/rules.md shows what a rule may say."
    )


def _shown(text: str) -> str:
    """The beginning of a text of the file, harmless in a terminal."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= 30 else f"{plain[:30]}…"


def _made(tree: Any, depth: int = 0) -> Node:
    """A branch of Lark's tree as a node of ours; brackets in brackets end somewhere."""
    if depth > DEEPEST:
        raise EngagementError(
            f"The rule is more than {DEEPEST} steps deep.\nFix: write it as two rules."
        )
    kind, children = tree.data, tree.children
    if kind == "number":
        return Number(_number(str(children[0])))
    if kind == "text":
        return Text(str(children[0])[1:-1].replace("''", "'"))
    if kind in ("yes", "no"):
        return Truth(kind == "yes")
    if kind in ("name", "quoted"):
        return Name(str(children[0]).strip('"'))
    if kind == "call":
        return Call(str(children[0]), tuple(_made(one, depth + 1) for one in children[1:]))
    parts = tuple(_made(one, depth + 1) for one in children if not hasattr(one, "type"))
    if kind in ("compared", "reckoned"):
        sign = str(children[1])
        return Apply("<>" if sign == "!=" else sign, parts)
    if kind == "negative":
        first = parts[0]
        if isinstance(first, Number):
            return Number(-first.value)
        return Apply("-", (Number(Decimal(0)), first))
    name = {"either": "or", "both": "and", "not_": "not", "one_of": "in"}.get(kind, str(kind))
    if name.startswith("not_"):
        name = name.removeprefix("not_")
        return Apply("not", (Apply("in" if name == "one_of" else name, parts),))
    return Apply(name, parts)


def _number(digits: str) -> Decimal:
    if len(digits.replace(".", "")) > _DIGITS or len(digits.partition(".")[2]) > 6:
        raise EngagementError(
            f"The number {_shown(digits)} has more than {_DIGITS} digits or 6 decimals.\n"
            "Fix: write a shorter number."
        )
    return Decimal(digits)
