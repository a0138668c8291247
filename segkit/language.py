"""Text as messages with figures in them, rendered in the reader's language and number format."""

from __future__ import annotations

import gettext
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
_CATALOGUES = Path(__file__).parent / "locale"
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
        A currency code, ``share`` (0-1), ``days``, ``date``, ``text`` or a plural noun.
    figure
        Id of the ledger's figure it comes from, if it has one.
    """

    value: Any
    unit: str = "text"
    figure: str | None = None
    digits: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The value as it travels in a notebook."""
        value = self.value
        if isinstance(value, Decimal):
            value = str(value)
        elif isinstance(value, date):
            value = value.isoformat()
        elif isinstance(value, Message):
            value = value.as_json()
        elif isinstance(value, float) and not math.isfinite(value):
            value = None
        elif hasattr(value, "item"):
            value = value.item()
        return {"value": value, "unit": self.unit, "figure": self.figure, "digits": self.digits}


@dataclass(frozen=True)
class Message:
    """A sentence to be translated: the English text, its arguments and its plural form."""

    text: str
    args: Mapping[str, Value] = field(default_factory=dict)
    plural: str | None = None
    count: str | None = None

    @property
    def figures(self) -> tuple[str, ...]:
        """Ids of the figures the sentence speaks of."""
        return tuple(value.figure for value in self.args.values() if value.figure)

    def as_json(self) -> dict[str, Any]:
        """The message as it travels in a notebook."""
        return {
            "text": self.text,
            "plural": self.plural,
            "count": self.count,
            "args": {name: value.as_json() for name, value in self.args.items()},
        }

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


def share(value: float, digits: int | None = None) -> Value:
    """A share between 0 and 1, written as a percentage."""
    return Value(value, "share", digits=digits)


def render(message: Mapping[str, Any] | str | None, language: str = "en") -> str:
    """The text of a message as it travelled, in `language`."""
    if message is None:
        return ""
    if isinstance(message, str):
        return message
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
    if unit == "text":
        return str(value)
    if unit == "date":
        return write_date(value, language)
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
        if self.unit in ("text", "share", "date", "number", "message", "year"):
            return ""
        if not is_currency(self.unit):
            return _catalogue(self.language).gettext(self.unit)
        step = _STEPS[self.language][self.step - 1] if self.step else ""
        order = (self.unit, step) if self.language == "en" else (step, self.unit)
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
    from babel.numbers import format_percent

    if not math.isfinite(value):
        return "–"
    if digits is None:
        digits = 0 if abs(value) >= 0.0995 or value == 0 else 1
    pattern = "0" + ("." + "0" * digits if digits else "") + (" %" if language != "en" else "%")
    value = value if round(value, digits + 2) else 0.0
    return format_percent(value, format=pattern, locale=LOCALES[language])


def write_money(value: Decimal, currency: str, language: str = "en") -> str:
    """Money in three or four digits: PLN 41.8 million, 1 234,5 tys. zł."""
    from babel.numbers import format_compact_currency, format_currency

    if value < 0:  # one place for the sign, whatever the locale: -PLN 9.1 million
        return "-" + write_money(-value, currency, language)
    locale, size = LOCALES[language], abs(value)
    if size < 10_000:
        digits = 0 if size >= 100 or size == size.to_integral_value() else 2
        pattern = "¤¤ #,##0" if language == "en" else "#,##0 ¤"
        pattern = pattern.replace("#,##0", "#,##0" + ("." + "0" * digits if digits else ""))
        return format_currency(
            value, currency, format=pattern, locale=locale, currency_digits=False
        )
    if language != "en":
        step = 10 ** (3 * ((len(str(int(size))) - 1) // 3))
        digits = 1 if size / step < 100 else 0
        return format_compact_currency(value, currency, locale=locale, fraction_digits=digits)
    # from 999.5 thousand on it would be written as 1,000 thousand
    steps = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
    step, word = next(one for one in steps if size >= one[0] * Decimal("0.9995") or one[0] == 1000)
    scaled = value / step
    digits = 1 if abs(scaled) < Decimal("99.95") else 0
    return f"{currency} {write_number(scaled, language, digits)} {word}"


def write_date(value: date | str, language: str = "en", pattern: str = "d MMMM y") -> str:
    """A day in words: 31 March 2026."""
    from babel.dates import format_date

    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return format_date(day, format=pattern, locale=LOCALES[language])


@lru_cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("segkit", _CATALOGUES, [language], fallback=True)
