"""Which days a rule looks at, and how long that is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from segkit.engagement import months_before
from segkit.errors import EngagementError, nearest

_MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12}
_DAYS = {"day": 1, "days": 1, "week": 7, "weeks": 7}
#: Days of each unit that a measure may be divided by; a month is a twelfth of 365.25 days.
_LONG = {
    "day": Fraction(1), "week": Fraction(7), "month": Fraction(487, 16), "year": Fraction(1461, 4),
}  # fmt: skip
_MOST_MONTHS = 240
PER = tuple(_LONG)


@dataclass(frozen=True)
class Window:
    """Days after `after` up to and with `until`.

    Attributes
    ----------
    months
        How many calendar months it is, where it is told in months.
    """

    after: date
    until: date
    months: int | None = None

    def length(self, per: str) -> Fraction:
        """How many days, weeks, months or years it is: calendar months are counted, not days."""
        if self.months is not None and per in ("month", "year"):
            return Fraction(self.months, 12 if per == "year" else 1)
        return Fraction((self.until - self.after).days) / _LONG[per]


def window(last: str | None, as_of: date, window_months: int) -> Window:
    """The days that `last` names; without it, the engagement's own window.

    Months and years are full calendar months, the last one before `as_of`, or the one that ends
    on it. Days and weeks end on `as_of`.

    Examples
    --------
    >>> window("1 month", date(2026, 3, 15), 24)
    Window(after=datetime.date(2026, 1, 31), until=datetime.date(2026, 2, 28), months=1)
    >>> window("1 month", date(2026, 3, 31), 24).after
    datetime.date(2026, 2, 28)
    >>> window("30 days", date(2026, 3, 31), 24).after
    datetime.date(2026, 3, 1)
    """
    if last is None:
        return Window(months_before(as_of, window_months), as_of, window_months)
    told = re.fullmatch(r" *(\d{1,4}) +([a-z]+) *", last.casefold())
    count, unit = (int(told[1]), told[2]) if told else (0, "")
    months, days = count * _MONTHS.get(unit, 0), count * _DAYS.get(unit, 0)
    if not 0 < max(months, days / 31) <= _MOST_MONTHS:
        hint = nearest(unit, [*_MONTHS, *_DAYS]) if unit and unit not in _MONTHS | _DAYS else ""
        raise EngagementError(
            f"last is '{last[:30]}', which is no span of time.{hint}\n"
            "Fix: write a number and days, weeks, months or years, such as '3 months'; "
            "20 years at most."
        )
    if days:
        return Window(as_of - timedelta(days=days), as_of)
    is_month_end = (as_of + timedelta(days=1)).day == 1
    until = as_of if is_month_end else as_of.replace(day=1) - timedelta(days=1)
    return Window(months_before(until, months), until, months)
