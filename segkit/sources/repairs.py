"""Repairs as rules: what is taken off a value before it can be read, in order, each counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from segkit.engine import literal

#: Which currencies a sign or word may stand for; which of several is known beside its row only.
SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "£": ("GBP",),
    "ZŁ": ("PLN",),
    "ZL": ("PLN",),
    "KČ": ("CZK",),
    "FT": ("HUF",),
    "LEI": ("RON", "MDL"),
    "LEU": ("RON", "MDL"),
    "KR": ("DKK", "NOK", "SEK", "ISK"),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"),
    "¥": ("JPY", "CNY"),
}
CODES = (
    *("EUR", "GBP", "PLN", "CZK", "HUF", "RON", "MDL", "DKK", "NOK", "SEK", "ISK", "USD", "CAD"),
    *("AUD", "NZD", "SGD", "HKD", "MXN", "JPY", "CNY", "CHF", "BGN", "RSD", "UAH", "TRY", "RUB"),
)
NUMBERS = ("amount", "price", "number", "integer")
MONEY = ("amount", "price")
_ALL = (*NUMBERS, "date", "boolean", "text")
_SPACES = r"\x{A0}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}"
# not the controls above 0x80: in a file of another code page they are letters
_STRAY = (
    r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F\x{AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}"
    r"\x{FEFF}"
)
#: A text that needs a look; every other is taken as it is.
ODD_TEXT = rf"^\s|\s$|[{_SPACES}{_STRAY}]"
DAY = r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|(?:19|20)\d{6}"


@dataclass(frozen=True)
class Rule:
    r"""One repair: what it looks for in values of these kinds, and what that becomes.

    Attributes
    ----------
    becomes
        The replacement; ``\1`` is the first group of the pattern.
    sql
        Instead of a replacement: SQL of the repaired text, ``{x}`` being the text.
    columns
        Only these columns; none means all of the kinds.
    """

    id: str
    kinds: tuple[str, ...]
    pattern: str
    becomes: str = ""
    sql: str = ""
    columns: tuple[str, ...] = ()

    def fits(self, name: str, kind: str) -> bool:
        """Whether values of the column `name` of this kind may be repaired so."""
        return kind in self.kinds and (not self.columns or name in self.columns)

    def applied(self, text: str) -> str:
        """SQL of the text after this rule."""
        pattern = literal(self.pattern)
        if not self.sql:
            return f"regexp_replace({text}, {pattern}, {literal(self.becomes)}, 'g')"
        made = self.sql.format(x=text)
        return f"CASE WHEN regexp_matches({text}, {pattern}) THEN {made} ELSE {text} END"


#: What no value of any kind keeps.
EVERYWHERE = (
    Rule("stray_bytes", _ALL, f"[{_STRAY}]"),
    Rule("spaces", _ALL, f"[{_SPACES}]+", " "),
)


def money_word(currency: str) -> str:
    """The pattern of a currency's sign, word or code, in either letter case."""
    words = sorted({*SIGNS, *CODES, currency}, key=lambda one: (-len(one), one))
    return "(?i:" + "|".join(word.replace("$", r"\$") for word in words) + ")"


def number_rules(currency: str, decimal: str, groups: str, *, is_strict: bool) -> Iterator[Rule]:
    """The repairs of a number, in order.

    Parameters
    ----------
    groups
        The marks that may part thousands.
    is_strict
        Whether one mark before three digits is left alone, since it may be either.
    """
    word = money_word(currency)
    yield Rule("minus_sign", NUMBERS, "[−–]", "-")
    yield Rule("currency", MONEY, rf"^([-+(]*)\s*{word}\.?\s*|\s*{word}\.?([-)]*)$", r"\1\2")
    yield Rule("dash_for_cents", MONEY, r"(\d)[.,]\s?-+$", r"\1")
    yield Rule("brackets", NUMBERS, r"^\(\s*([^-+].*?)\s*\)$", r"-\1")
    yield Rule("minus_behind", NUMBERS, r"^([^-+].*?)\s*-$", r"-\1")
    yield Rule("minus_apart", NUMBERS, r"^([-+])\s+", r"\1")
    yield Rule(
        "percent",
        NUMBERS,
        rf"^[-+]?\d+(\{decimal}\d+)?\s*%$",
        sql=f"replace(CAST(CAST(CAST(replace(rtrim({{x}}, ' %'), '{decimal}', '.') "
        f"AS DECIMAL(28,8)) / 100 AS DECIMAL(28,10)) AS VARCHAR), '.', '{decimal}')",
        columns=("value", "low", "high", "score"),
    )
    marks = [mark for mark in groups if mark != decimal]
    if marks:
        away = f"regexp_replace({{x}}, {literal('[' + ''.join(marks) + ']')}, '', 'g')"
        yield Rule("thousands", NUMBERS, _grouped(marks, decimal, is_strict=is_strict), sql=away)


def _grouped(marks: list[str], decimal: str, *, is_strict: bool) -> str:
    """The pattern of a number whose thousands one mark parts throughout."""
    part = rf"\{decimal}\d"
    shapes = []
    for mark in marks:
        each = rf"(?:\x{{{ord(mark):X}}}\d{{3}})"
        if is_strict and mark in ".,":
            shapes += [rf"{each}{{2,}}(?:{part}*)?", rf"{each}{part}+"]
        else:
            shapes.append(rf"{each}+(?:{part}*)?")
    return rf"^[-+]?[1-9]\d{{0,2}}(?:{'|'.join(shapes)})$"


def date_rules(order: str, short: str | None, epoch: str) -> Iterator[Rule]:
    """The repairs of a date, in order; each leaves year, month, day.

    Parameters
    ----------
    order
        ``dmy`` or ``mdy``: what comes first where the year comes last.
    short
        The order of dates whose year has two digits; None where it is not known.
    epoch
        The day from which a spreadsheet counts.
    """
    kinds, mark = ("date",), "[-./]"
    yield Rule("time_of_day", kinds, rf"^({DAY})[ T]+\d{{1,2}}[:.]\d{{2}}.*$", r"\1")
    yield Rule("other_date", kinds, r"^((?:19|20)\d{2})(\d{2})(\d{2})$", r"\1-\2-\3")
    yield Rule(
        "other_date",
        kinds,
        rf"^(\d{{1,2}}){mark}(\d{{1,2}}){mark}(\d{{4}})$",
        _iso(order),
    )
    parts = rf"(\d{{1,2}}){mark}(\d{{1,2}}){mark}"
    for century, first in (("19", "[7-9]"), ("20", "[0-6]")) if short else ():
        year = rf"({first}\d)"
        shape = f"^{year}{mark}{parts[: -len(mark)]}$" if short == "ymd" else f"^{parts}{year}$"
        yield Rule("two_digit_year", kinds, shape, century + _iso(short or ""))
    yield Rule(
        "excel_serial",
        kinds,
        r"^[34]\d{4}(?:[.,]\d+)?$",
        sql=f"CAST(DATE '{epoch}' + CAST(left({{x}}, 5) AS INTEGER) AS VARCHAR)",
    )


def _iso(order: str) -> str:
    r"""Year, month and day by their places: ``\3-\2-\1`` for ``dmy``."""
    return "-".join(rf"\{order.index(part) + 1}" for part in "ymd")
