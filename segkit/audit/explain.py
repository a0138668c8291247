"""What a gap to the client's own total looks like: the first explanation that fits, never a fact.

Each explanation is a total the client may have taken instead of ours. It fits where that total is
the client's, within a hair: so it is told as likely, with what remains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from segkit.audit.controls import Gap
from segkit.engagement import months_before
from segkit.evidence import judged
from segkit.language import Message, Value, say, share

#: Value added tax, standard rate first, then reduced ones, with those of recent years.
#: European Commission, Taxes in Europe database; see docs/engagement.md.
VAT = {
    "AT": (20, 10, 13),
    "BE": (21, 6, 12),
    "CH": ("8.1", "2.6", "3.8", "7.7"),
    "CZ": (21, 12, 15, 10),
    "DE": (19, 7),
    "DK": (25,),
    "EE": (24, 22, 20, 9, 13),
    "ES": (21, 10, 4),
    "FI": ("25.5", 24, 14, "13.5", 10),
    "FR": (20, "5.5", 10, "2.1"),
    "GB": (20, 5),
    "HU": (27, 18, 5),
    "IE": (23, "13.5", 9),
    "IT": (22, 10, 4, 5),
    "LT": (21, 9, 12, 5),
    "LV": (21, 12, 5),
    "NL": (21, 9),
    "NO": (25, 15, 12),
    "PL": (23, 8, 5),
    "PT": (23, 13, 6),
    "RO": (21, 11, 19, 9, 5),
    "SE": (25, 12, 6),
    "SK": (23, 19, 5, 20, 10),
}
#: What may remain of a gap that is explained, as a share of the client's figure.
CLOSE, CLOSEST = Decimal("0.0005"), Decimal("0.0001")
FEW_LINES = judged(
    "audit.few_lines", 0.5, 0.3, 0.7, "share",
    say("A month with less than this part of the usual lines may lack a file."),
)  # fmt: skip
#: How far the size of missing months may lie from the gap, as a share of it.
ROUGHLY = Decimal("0.25")
_MONTHS_AROUND = 24


@dataclass(frozen=True)
class Evidence:
    """What is known beside a total of ours, in its own unit.

    Attributes
    ----------
    country, is_money
        Whose tax it may be, and whether it is an amount at all.
    first, last
        The period of the total.
    days
        Per day of all rows: lines and amount, whatever the period.
    rates
        Per currency: the lowest and the highest rate of the period.
    foreign
        Per other currency: amount as converted, and in its own money.
    without_rate
        Per other currency: amount in its own money that no rate could convert.
    credits
        Negative amounts by kind, first all of them.
    related
        Names of customers that look like the client's own, with what they bought.
    """

    first: date
    last: date
    days: Mapping[date, tuple[int, Decimal]]
    country: str | None = None
    is_money: bool = True
    rates: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    foreign: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    without_rate: Mapping[str, Decimal] = field(default_factory=dict)
    credits: Mapping[str, Decimal] = field(default_factory=dict)
    related: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Explanation:
    """A likely explanation: its kind, its words, and what it leaves unexplained."""

    kind: str
    text: Message
    rest: Decimal


def explained(gap: Gap, known: Evidence) -> Explanation | None:
    """The first explanation that fits a gap; None where none does."""
    if gap.is_within:
        return None
    found = (one for explain in EXPLANATIONS if (one := explain(gap, known)))
    return next(found, None)


def _closest(kind: str, gap: Gap, totals: Iterator[tuple[Decimal, Message]]) -> Explanation | None:
    """The first of the totals that is the client's, but for a hair."""
    hair = max(CLOSEST, min(gap.tolerance, CLOSE)) * abs(gap.theirs)
    for total, text in totals:
        rest = gap.theirs - total
        if abs(rest) <= hair:
            return Explanation(kind, text, rest)
    return None


def vat(gap: Gap, known: Evidence) -> Explanation | None:
    """Theirs has value added tax and ours has not, or the other way round."""
    if not known.is_money:
        return None

    def totals() -> Iterator[tuple[Decimal, Message]]:
        for rate in map(Decimal, VAT.get(known.country or "", ())):
            told = share(float(rate / 100), None if rate == int(rate) else 1)
            factor = 1 + rate / 100
            yield gap.ours * factor, say("VAT of {rate}, in theirs and not in ours", rate=told)
            yield gap.ours / factor, say("VAT of {rate}, in ours and not in theirs", rate=told)

    return _closest("vat", gap, totals())


def another_period(gap: Gap, known: Evidence) -> Explanation | None:
    """Theirs is ours of other months: shifted, of a calendar year, of twelve months, or of all."""
    if not known.days:
        return None
    begin, end = min(known.days), max(known.days)

    def totals() -> Iterator[tuple[Decimal, Message]]:
        for first, last in _periods(known.first, known.last, begin, end):
            total = sum(
                (amount for day, (_, amount) in known.days.items() if first <= day <= last),
                Decimal(0),
            )
            yield total, say("another period: {first} to {last}", first=first, last=last)

    return _closest("period", gap, totals())


def _periods(first: date, last: date, begin: date, end: date) -> Iterator[tuple[date, date]]:
    """Other periods that the records cover and a total may be of, nearest first."""
    before, room = first - timedelta(days=1), timedelta(days=31)
    shifts = sorted(range(-_MONTHS_AROUND, _MONTHS_AROUND + 1), key=lambda n: (abs(n), n))
    ends = [months_before(last, months) for months in shifts]
    starts = [months_before(before, months) + timedelta(days=1) for months in shifts]
    candidates = [
        *zip(starts[1:], ends[1:], strict=True),
        *((date(year, 1, 1), date(year, 12, 31)) for year in range(end.year, begin.year - 1, -1)),
        *((months_before(one, 12) + timedelta(days=1), one) for one in ends),
    ]
    for start, stop in candidates:
        if begin - room <= start and stop <= end + room:
            yield start, stop
    yield begin, end


def another_currency(gap: Gap, known: Evidence) -> Explanation | None:
    """Theirs is in another currency, or counts other currencies in another way than ours."""

    def totals() -> Iterator[tuple[Decimal, Message]]:
        for currency, (low, high) in known.rates.items():
            told = say("another currency: theirs in {currency}", currency=currency)
            for ratio in (gap.theirs and gap.ours / gap.theirs, gap.ours and gap.theirs / gap.ours):
                if ratio and low <= ratio <= high:
                    yield gap.theirs, told
            for rate in (low, high):
                yield from ((total, told) for total in (gap.ours / rate, gap.ours * rate))
        for currency, (converted, own) in known.foreign.items():
            yield (
                gap.ours - converted,
                say("another currency: theirs without {currency}", currency=currency),
            )
            yield (
                gap.ours - converted + own,
                say("another currency: {currency} not converted in theirs", currency=currency),
            )
        for currency, own in known.without_rate.items():
            yield (
                gap.ours + own,
                say("another currency: {currency} without a rate is in theirs", currency=currency),
            )

    return _closest("currency", gap, totals())


def missing_file(gap: Gap, known: Evidence) -> Explanation | None:
    """Months with few lines or none, whose usual size is the gap."""
    months: dict[tuple[int, int], tuple[int, Decimal]] = {
        month: (0, Decimal(0)) for month in _months(known.first, known.last)
    }
    for day, (lines, amount) in known.days.items():
        if (month := (day.year, day.month)) in months:
            had = months[month]
            months[month] = (had[0] + lines, had[1] + amount)
    usual = _middle([lines for lines, _ in months.values()])
    few = [month for month, (lines, _) in months.items() if lines < FEW_LINES * float(usual)]
    whole = [amount for month, (_, amount) in months.items() if month not in few]
    if not few or not whole:
        return None
    missing = sum((_middle(whole) - months[month][1] for month in few), Decimal(0))
    rest = gap.theirs - gap.ours - missing
    if missing <= 0 or abs(rest) > ROUGHLY * missing:
        return None
    told = say(
        "a missing file: few lines or none from {first}, where a month has usually {size}",
        first=date(*few[0], 1), size=Value(_middle(whole), gap.unit),
    )  # fmt: skip
    return Explanation("missing", told, rest)


def _months(first: date, last: date) -> list[tuple[int, int]]:
    """The whole months of a period."""
    start = first.year * 12 + first.month - 1 + (first.day > 1)
    after = last + timedelta(days=1)
    return [_month_of(month) for month in range(start, after.year * 12 + after.month - 1)]


def _month_of(index: int) -> tuple[int, int]:
    return index // 12, index % 12 + 1


def _middle(values: list[Decimal] | list[int]) -> Decimal:
    ordered = sorted(map(Decimal, values))
    half = len(ordered) // 2
    return (ordered[half] + ordered[~half]) / 2 if ordered else Decimal(0)


_CREDITS = {
    "all": say("credit notes: theirs without negative lines"),
    "returns": say("credit notes: theirs without returns"),
    "corrections": say("credit notes: theirs without negative lines that return no goods"),
}


def credit_notes(gap: Gap, known: Evidence) -> Explanation | None:
    """Theirs is without negative lines, or without those of one kind."""

    def told(kind: str) -> Message:
        channel = say("credit notes: theirs without those of one channel: {channel}", channel=kind)
        return _CREDITS.get(kind, channel)

    totals = ((gap.ours - amount, told(kind)) for kind, amount in known.credits.items() if amount)
    return _closest("credit", gap, totals)


def intercompany(gap: Gap, known: Evidence) -> Explanation | None:
    """Theirs is without sales to companies of the client's own."""

    def totals() -> Iterator[tuple[Decimal, Message]]:
        whole = sum(known.related.values(), Decimal(0))
        if whole:
            names = ", ".join(known.related)
            told = say("sales within the group, which theirs leaves out: {names}", names=names)
            yield gap.ours - whole, told
        for name, amount in known.related.items():
            if amount:
                told = say("sales within the group, which theirs leaves out: {names}", names=name)
                yield gap.ours - amount, told

    return _closest("intercompany", gap, totals())


EXPLANATIONS: tuple[Callable[[Gap, Evidence], Explanation | None], ...] = (
    vat,
    another_period,
    another_currency,
    missing_file,
    credit_notes,
    intercompany,
)
