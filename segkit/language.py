"""Text as messages with figures in them, rendered in the reader's language and number format."""

from __future__ import annotations

import gettext
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

#: English as a European reader writes it: 31 March 2026, not March 31, 2026.
LOCALES = {"en": "en_GB", "da": "da_DK", "pl": "pl_PL", "ro": "ro_RO"}
CATALOGUES = Path(__file__).parent / "locale"
#: How a day is written by its unit; the month alone stands in the nominative.
_DATES = {"date": "d MMMM y", "month": "LLLL y"}
#: Plural nouns that count something: the units of figures and columns.
UNITS = (
    "categories", "checks", "contacts", "count", "customers", "days", "exhibits", "fields",
    "files", "hours", "KPIs", "lines", "minutes", "months", "number", "order lines", "orders",
    "pairs", "products", "questions", "rows", "segments", "sellers", "share", "stretches",
    "values", "visits", "working days",
)  # fmt: skip
#: Columns and words of the lists that checks make, beside those of the contracts.
LIST_WORDS = (
    "after", "before", "codes", "column", "day", "engagement_file", "factor", "field", "first",
    "first_order", "is_crowded", "keep", "keep_amount", "keep_name", "key",
    "largest_outlet_amount", "last", "last_visit", "logged", "merge", "merge_amount", "merge_name",
    "missing", "money", "month", "name", "name, address and tax number", "name and address",
    "name and tax number", "noise", "on_free_day", "outlets", "part", "price", "psi", "repeats",
    "since", "source", "table", "touched_rows", "usual_amount", "usual_price", "usual_rows",
)  # fmt: skip
_STEPS = {
    "en": ("thousand", "million", "billion"),
    "da": ("t.", "mio.", "mia."),
    "pl": ("tys.", "mln", "mld"),
    "ro": ("mii", "mil.", "mld."),
}


@dataclass(frozen=True)
class Value:
    """A value that stands in a message, with the unit that says how it is written.

    Attributes
    ----------
    unit
        A currency code, ``share`` (0-1), ``days``, ``date``, ``text``, ``message``, ``list`` or a
        plural noun.
    figure
        Id of the ledger's figure it comes from, if it has one.
    """

    value: Any
    unit: str = "text"
    figure: str | None = None
    digits: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The value as it travels in a notebook."""
        value, unit = self.value, self.unit
        if isinstance(value, Decimal):
            value = str(value)
        elif isinstance(value, date):
            value = value.isoformat()
        elif isinstance(value, Message):
            value, unit = value.as_json(), "message"
        elif unit == "list":
            value = [as_value(one).as_json() for one in value]
        elif isinstance(value, float) and not math.isfinite(value):
            value = None
        elif hasattr(value, "item"):
            value = value.item()
        return {"value": value, "unit": unit, "figure": self.figure, "digits": self.digits}


@dataclass(frozen=True)
class Message:
    """A sentence to be translated: the English text, its arguments and its plural form.

    Attributes
    ----------
    own
        By language, the text that no catalogue holds: the client's own words.
    """

    text: str
    args: Mapping[str, Value] = field(default_factory=dict)
    plural: str | None = None
    count: str | None = None
    own: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.text, *self.args))

    @property
    def figures(self) -> tuple[str, ...]:
        """Ids of the figures the sentence speaks of."""
        return tuple(value.figure for value in self.args.values() if value.figure)

    def as_json(self) -> dict[str, Any]:
        """The message as it travels in a notebook."""
        told = {
            "text": self.text,
            "plural": self.plural,
            "count": self.count,
            "args": {name: value.as_json() for name, value in self.args.items()},
        }
        return {**told, "own": dict(self.own)} if self.own else told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Message:
        """The message that travelled."""
        args = {name: _value(one) for name, one in told["args"].items()}
        return cls(told["text"], args, told["plural"], told["count"], told.get("own", {}))

    def in_language(self, language: str = "en") -> str:
        """The sentence as a reader of `language` writes it."""
        return render(self.as_json(), language)

    def __str__(self) -> str:
        return self.in_language("en")


def say(text: str, **args: Any) -> Message:
    """A message; figures, values and plain numbers may be its arguments.

    Examples
    --------
    >>> str(say("{n} of {all} customers", n=3, all=1200))
    '3 of 1,200 customers'
    """
    return Message(text, {name: as_value(arg) for name, arg in args.items()})


def say_n(one: str, many: str, n: Any, **args: Any) -> Message:
    """A message whose form depends on the count `n`, which it shows as ``{n}``.

    Examples
    --------
    >>> str(say_n("{n} customer buys", "{n} customers buy", 1))
    '1 customer buys'
    """
    values = {name: as_value(arg) for name, arg in {"n": n, **args}.items()}
    return Message(one, values, plural=many, count="n")


def term(name: str) -> Message:
    """The name of a table or a column of ours, as it is spoken of.

    Examples
    --------
    >>> str(term("order_lines"))
    'order lines'
    """
    return Message(name.replace("_", " "))


def listed(items: Iterable[Any]) -> Value:
    """Names one after the other; in a sentence they stand after a colon."""
    return Value(tuple(items), "list")


def client_word(word: str, words: Mapping[str, Mapping[str, str]]) -> Message:
    """A word of the client's records, in each language for which the client's own is given.

    Written small in a sentence, it is small in every language.

    Examples
    --------
    >>> message = client_word("hair colour", {"pl": {"Hair colour": "Farby do włosów"}})
    >>> str(message), message.in_language("pl")
    ('hair colour', 'farby do włosów')
    """
    own = {}
    for language, known in words.items():
        said = known.get(word)
        if said is None and word[:1].islower():
            said = {key.casefold(): value for key, value in known.items()}.get(word.casefold())
            said = said and said[:1].lower() + said[1:]
        if said:
            own[language] = said
    return Message(word.replace("{", "{{").replace("}", "}}"), own=own)


def in_client_words(payload: Any, words: Mapping[str, Mapping[str, str]]) -> Any:
    """A payload whose texts carry the client's own words beside them, ready for any language."""
    known = {word for one in words.values() for word in one}

    def word(value: Any) -> Any:
        is_known = isinstance(value, str) and value in known
        return client_word(value, words).as_json() if is_known else walk(value)

    def walk(told: Any) -> Any:
        if isinstance(told, list):
            return [walk(one) for one in told]
        if not isinstance(told, Mapping):
            return told
        if told.get("unit") == "text" and "value" in told:
            value = word(told["value"])
            return {**told, "value": value, "unit": "text" if value == told["value"] else "message"}
        if isinstance(data := told.get("data"), Mapping):
            data = {name: [word(one) for one in column] for name, column in data.items()}
            return {**{key: walk(one) for key, one in told.items()}, "data": data}
        return {key: walk(one) for key, one in told.items()}

    return walk(payload) if known else payload


def as_value(given: Any) -> Value:
    """`given` (a figure, a value, a message or a plain number or text) as a value."""
    if isinstance(given, Value):
        return given
    if isinstance(given, Message):
        return Value(given, "message")
    if hasattr(given, "grade") and hasattr(given, "unit"):  # a figure of the ledger
        return Value(given.value, given.unit, given.id)
    if isinstance(given, date):
        return Value(given, "date")
    return Value(given, "text" if isinstance(given, str) else "number")


def _value(told: Mapping[str, Any]) -> Value:
    """The value that travelled."""
    value, unit = told["value"], told["unit"]
    if unit == "message":
        value = Message.from_json(value)
    elif unit == "list":
        value = tuple(map(_value, value))
    return Value(value, unit, told["figure"], told["digits"])


def share(value: float, digits: int | None = None) -> Value:
    """A share between 0 and 1, written as a percentage."""
    return Value(value, "share", digits=digits)


def render(message: Mapping[str, Any] | str | None, language: str = "en") -> str:
    """The text of a message as it travelled, in `language`."""
    if message is None:
        return ""
    if isinstance(message, str):
        return message
    if language in (message.get("own") or {}):
        return str(message["own"][language])
    catalogue = _catalogue(language)
    args = message.get("args") or {}
    if message.get("plural"):
        counted = args[message["count"]]["value"]
        number = abs(int(float(counted))) if counted is not None else 0
        text = catalogue.ngettext(message["text"], message["plural"], number)
    else:
        text = catalogue.gettext(message["text"]) if message["text"] else ""
    written = {name: write_value(arg, language) for name, arg in args.items()}
    return text.format_map(written) if written else text.replace("{{", "{").replace("}}", "}")


def write_value(arg: Mapping[str, Any], language: str = "en") -> str:
    """One value as a reader of `language` writes it, with at most three or four digits of money."""
    value, unit = arg.get("value"), arg.get("unit", "text")
    if unit == "message":
        return render(value, language)
    if value is None:
        return "–"
    if unit == "list":
        return ", ".join(write_value(one, language) for one in value)
    if unit == "text":
        return str(value)
    if unit in _DATES:
        return write_date(value, language, _DATES[unit])
    if unit == "share":
        return write_share(float(value), language, arg.get("digits"))
    if len(unit) == 3 and unit.isupper():
        return write_money(Decimal(str(value)), unit, language)
    return write_number(Decimal(str(value)), language, arg.get("digits"))


@dataclass(frozen=True)
class Scale:
    """How the values of one column or axis are written alike, their unit said once.

    Attributes
    ----------
    step
        0 for single units, 1 for thousands, 2 for millions, 3 for billions.
    """

    unit: str
    step: int = 0
    digits: int | None = None
    language: str = "en"

    @property
    def words(self) -> str:
        """The unit as a heading gives it: ``PLN million``, ``customers``; nothing for text."""
        if self.unit in ("text", "share", "date", "number", "count", "message", "year"):
            return ""
        if not is_currency(self.unit):
            return _catalogue(self.language).gettext(self.unit)
        step = _STEPS[self.language][self.step - 1] if self.step else ""
        sign = _sign(self.unit, self.language)
        order = (sign, step) if self.language == "en" else (step, sign)
        return " ".join(word for word in order if word)

    def write(self, value: Any) -> str:
        """One value of the column, without its unit; an absent one is a dash."""
        if value is None or value != value:
            return "–"
        if isinstance(value, Mapping):
            return render(value, self.language)
        if isinstance(value, bool):
            return _catalogue(self.language).gettext("yes" if value else "no")
        if self.unit == "date":
            return write_date(value, self.language, "d MMM y")
        if self.unit in ("text", "message", "year") or isinstance(value, str):
            return str(value)
        if self.unit == "share":
            return write_share(float(value), self.language, self.digits)
        return write_number(Decimal(str(value)) / 1000**self.step, self.language, self.digits)


def scale_of(
    values: Iterable[Any], unit: str, language: str = "en", digits: int | None = None
) -> Scale:
    """The scale on which the smallest of `values` still shows and the largest has few digits.

    Examples
    --------
    >>> scale = scale_of([41_812_345, 2_300_000, 410_000], "PLN")
    >>> scale.words, scale.write(2_300_000)
    ('PLN million', '2.3')
    """
    sizes = [
        abs(float(value))
        for value in values
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and value
    ]
    sizes = [size for size in sizes if math.isfinite(size)] or [0.0]
    if unit == "share":
        shown = int(min(sizes) < 0.02) if digits is None else digits
        return Scale(unit, 0, shown, language)
    step = 0
    if is_currency(unit):
        fits = [n for n in (1, 2, 3) if max(sizes) >= 1000**n and min(sizes) >= 1000**n / 10]
        step = max(fits, default=0)
    if digits is None:
        largest = max(sizes) / 1000**step
        whole = not step and all(size == int(size) for size in sizes)
        rough = largest >= 1000 or (step and min(sizes) >= 10 * 1000**step)
        digits = 0 if whole or rough else 1 if largest >= 10 or step else 2
    return Scale(unit, step, digits, language)


def scale_for(values: Iterable[Any], unit: str, language: str = "en") -> Scale:
    """The scale on which the largest of `values` has at most five digits: amounts side by side.

    Examples
    --------
    >>> scale = scale_for([41_812_345, -2_300], "PLN")
    >>> scale.words, scale.write(-2_300)
    ('PLN thousand', '-2')
    """
    largest = max((abs(float(value)) for value in values if value is not None), default=0.0)
    step = next((one for one in range(4) if largest < 100_000 * 1000**one), 3)
    return Scale(unit, step, 0 if largest >= 1000 * 1000**step or not step else 1, language)


def is_currency(unit: str) -> bool:
    """Whether `unit` is a currency code."""
    return len(unit) == 3 and unit.isupper()


def write_number(value: Decimal | float, language: str = "en", digits: int | None = None) -> str:
    """A number with grouped thousands; whole from 100 on, unless `digits` says otherwise."""
    from babel.numbers import format_decimal

    number = Decimal(str(value))
    if digits is None:
        whole = number == number.to_integral_value() or abs(number) >= 100
        digits = 0 if whole else (1 if abs(number) >= 10 else 2)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    number = number if round(number, digits) else Decimal(0)  # nothing is not minus nothing
    return format_decimal(number, format=pattern, locale=LOCALES[language])


def write_share(value: float, language: str = "en", digits: int | None = None) -> str:
    """A share as a percentage: one decimal below 10 %, none above, unless `digits` says."""
    from babel import Locale
    from babel.numbers import format_percent

    if not math.isfinite(value):
        return "–"
    if digits is None:
        digits = 0 if abs(value) >= 0.0995 or value == 0 else 1
    usual = Locale.parse(LOCALES[language]).percent_formats[None].pattern  # #,##0 %
    pattern = usual.replace("#,##0", "0" + ("." + "0" * digits if digits else ""))
    value = value if round(value, digits + 2) else 0.0
    return format_percent(value, format=pattern, locale=LOCALES[language])


def write_money(value: Decimal, currency: str, language: str = "en") -> str:
    """Money in three or four digits: PLN 41.8 million, 1 234,5 tys. zł."""
    if value < 0:  # one place for the sign, whatever the locale: -PLN 9.1 million
        return "-" + write_money(-value, currency, language)
    sign, step, word = _sign(currency, language), 1, ""
    if value < 10_000:
        digits = 0 if value >= 100 or value == value.to_integral_value() else 2
    else:
        # from 999.5 thousand on it would be written as 1,000 thousand
        place = next(n for n in (3, 2, 1) if value >= 1000**n * Decimal("0.9995") or n == 1)
        step, word = 1000**place, _STEPS[language][place - 1]
        digits = 1 if value / step < Decimal("99.95") else 0
    number = write_number(value / step, language, digits)
    parts = (sign, number, word) if language == "en" else (number, word, sign)
    return (" " if language == "en" else "\u00a0").join(part for part in parts if part)


def _sign(currency: str, language: str) -> str:
    """A currency as readers of `language` write it beside numbers: PLN in English, zł in Polish."""
    from babel.numbers import get_currency_symbol

    return currency if language == "en" else get_currency_symbol(currency, LOCALES[language])


def write_date(value: date | str, language: str = "en", pattern: str = "d MMMM y") -> str:
    """A day in words: 31 March 2026."""
    from babel.dates import format_date

    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return format_date(day, format=pattern, locale=LOCALES[language])


def is_translated(language: str) -> bool:
    """Whether there are words in `language`; a catalogue that is here is complete."""
    return language == "en" or catalogue_file(language).is_file()


def catalogue_file(language: str) -> Path:
    """The text that holds the translations of all messages."""
    return CATALOGUES / language / "LC_MESSAGES" / "segkit.po"


@lru_cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """The messages of one language, compiled in memory from the text that is reviewed."""
    path = catalogue_file(language)
    if not path.is_file():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as opened:
        write_mo(compiled, read_po(opened, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
