"""The client's own totals beside ours, and what is known around a gap between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from segkit.engagement import Control, days_of, identifier
from segkit.engine import literal, quoted
from segkit.errors import EngagementError, nearest
from segkit.tables import CONTRACTS, Table

if TYPE_CHECKING:
    import pandas as pd

    from segkit.audit.explain import Evidence
    from segkit.workbook import Figure, Workbook

#: What a control of the window, and of all that was given, is compared with.
PLAIN = {
    "net_revenue": ("audit.net_revenue.in_window", "audit.net_revenue.accepted"),
    "order_lines": ("audit.order_lines.in_window", "audit.order_lines.rows_accepted"),
    "customers": ("audit.customers.active", "audit.customers.seen"),
}
_COST = "coalesce(t.cost_amount, CAST(round(t.quantity * p.unit_cost * {minor_units}) AS BIGINT))"
#: Measures of the order lines: SQL of a line's value, and its unit; ``distinct`` ones are counted.
MEASURES: dict[str, tuple[str, str]] = {
    "net_revenue": ("t.net_amount", "money"),
    "order_lines": ("1", "order lines"),
    "customers": ("distinct t.customer_id", "customers"),
    "orders": ("distinct t.order_id", "orders"),
    "quantity": ("t.quantity", "units"),
    "cost": (_COST, "money"),
    "gross_margin": (f"t.net_amount - {_COST}", "money"),
}
#: Words of a kind, category or class of customers that belong to the client's own group.
_WITHIN_GROUP = re.compile(
    r"inter.?company|intragroup|koncern|konsern|konzern|group company|powiązan|grup[ay] kapitał|"
    r"afiliat|intragrup|verbunden",
    re.IGNORECASE,
)
_COMMON = {"group", "holding", "trading", "sales", "handel", "polska", "danmark", "europe"}


@dataclass(frozen=True)
class Gap:
    """Our figure beside the client's own."""

    name: str
    figure: str
    ours: Decimal
    theirs: Decimal
    tolerance: Decimal
    unit: str = ""

    @property
    def gap(self) -> Decimal:
        """Ours less theirs."""
        return self.ours - self.theirs

    @property
    def share(self) -> Decimal:
        """The gap as a share of theirs; one where theirs is nothing and ours is not."""
        return self.gap / abs(self.theirs) if self.theirs else Decimal(bool(self.gap))

    @property
    def is_within(self) -> bool:
        """Whether the gap is no more than was agreed."""
        return abs(self.share) <= self.tolerance


@lru_cache(maxsize=8)
def control_gaps(book: Workbook) -> tuple[Gap, ...]:
    """The gap of each control of the engagement, in its order; our figures are recorded.

    Raises
    ------
    EngagementError
        If a control names a measure, a table or a region that cannot be totalled.
    """
    return tuple(_gap(book, name, one) for name, one in book.engagement.controls.items())


def _gap(book: Workbook, name: str, control: Control) -> Gap:
    ours = _ours(book, name, control)
    return Gap(
        name, ours.id, Decimal(ours.value), control.value, control.tolerance_share, ours.unit
    )


def _ours(book: Workbook, name: str, control: Control) -> Figure:
    from segkit.audit.reconcile import given_period, sums

    total = Total.of(book, name, control)
    whole = control.period in ("window", "all") and control.region is None
    if whole and control.table == "order_lines" and total.measure in PLAIN:
        return sums(book)[PLAIN[total.measure][control.period == "all"]]
    value, rows = total.value(book)
    first, last = total.days
    period = f"{first}/{last}" if first else given_period(book)
    return book.figure(
        f"audit.control.{identifier(name)}.ours", value, total.unit_of(book),
        period=period, n=rows, source=[total.table.name],
    )  # fmt: skip


@dataclass(frozen=True)
class Total:
    """What a control totals: SQL of the rows, and their period."""

    measure: str
    table: Table
    each: str
    unit: str
    day: str | None
    days: tuple[date | None, date | None]
    where: str

    @classmethod
    def of(cls, book: Workbook, name: str, control: Control) -> Total:
        """The total of a control, or a sentence why there is none."""
        table = _table(book, name, control)
        measure = control.measure or name
        each, unit = _measured(name, measure, table)
        day = next((c.name for c in table.columns if c.kind == "date" and c.counts), None)
        days = _days(book, control.period)
        if day is None and days_of(control.period):
            raise EngagementError(
                f"engagement.toml sets controls.{name}.period, but {table.name} has no dates.\n"
                'Fix: set period = "all".'
            )
        return cls(measure, table, each, unit, day, days if day else (None, None),
                   _region(name, control, table))  # fmt: skip

    @property
    def is_distinct(self) -> bool:
        """Whether different values are counted, so that days do not add up."""
        return self.each.startswith("distinct ")

    @property
    def _name(self) -> str:
        listed = self.table.name in ("customers", "products")
        return f"listed_{self.table.name}" if listed else self.table.name

    def unit_of(self, book: Workbook) -> str:
        """The unit of its figure."""
        return book.currency if self.unit == "money" else self.unit

    def rows(self, book: Workbook, *, all_days: bool = False) -> str:
        """SQL of the rows: ``day``, ``value`` and the table's own columns."""
        each = self.each.removeprefix("distinct ")
        each = each.format(minor_units=book.engagement.minor_units)
        joins = "LEFT JOIN products AS p USING (product_id)" if "p.unit_cost" in each else ""
        first, last = self.days
        within = f"AND t.{quoted(self.day or '')} BETWEEN DATE '{first}' AND DATE '{last}'"
        day = f"t.{quoted(self.day)}" if self.day else "CAST(NULL AS DATE)"
        return (
            f"SELECT {day} AS day, {each} AS value, t.* FROM {quoted(self._name)} AS t {joins} "
            f"WHERE {self.where} {within if first and not all_days else ''}"
        )

    def uses(self) -> tuple[str, ...]:
        """The tables that the rows are read from."""
        more = [name for name in ("customers", "products") if self.table.name == "order_lines"
                or (name == "customers" and self.where != "true")]  # fmt: skip
        return tuple(dict.fromkeys((self._name, *more)))

    def value(self, book: Workbook) -> tuple[Any, int]:
        """The total in its unit, and how many rows it is of."""
        made = "COUNT(DISTINCT value)" if self.is_distinct else "SUM(CAST(value AS DECIMAL(28,6)))"
        found = book.query(
            f"SELECT {made} AS total, COUNT(*) AS rows FROM ({self.rows(book)})", *self.uses()
        ).iloc[0]
        return self.in_unit(book, found["total"]), int(found["rows"])

    def in_unit(self, book: Workbook, total: Any) -> Any:
        """A sum as a figure holds it: money in currency."""
        exact = Decimal(0) if total is None or total != total else Decimal(str(total))
        if self.unit == "money":
            return exact / book.engagement.minor_units
        return int(exact) if exact == int(exact) else exact


def _table(book: Workbook, name: str, control: Control) -> Table:
    if control.table not in book.engagement.sources or control.table not in CONTRACTS:
        raise EngagementError(
            f"engagement.toml sets controls.{name}.table to {control.table}, which is not given."
            f"{nearest(control.table, book.engagement.sources)}\n"
            "Fix: name a table of [sources], or delete the control."
        )
    return CONTRACTS[control.table]


def _measured(name: str, measure: str, table: Table) -> tuple[str, str]:
    if measure == "rows":
        return "1", "rows"
    if table.name == "order_lines" and measure in MEASURES:
        return MEASURES[measure]
    column = table.column(measure)
    if column and column.kind in ("amount", "number", "integer"):
        return f"t.{quoted(measure)}", "money" if column.kind == "amount" else "units"
    ours = [*(MEASURES if table.name == "order_lines" else ()), "rows"]
    ours += [one.name for one in table.columns if one.kind in ("amount", "number", "integer")]
    where = f"controls.{name}" + (".measure" if measure != name else "")
    raise EngagementError(
        f"engagement.toml sets {where}{' to ' + measure if measure != name else ''}, which segkit "
        f"cannot compare.{nearest(measure, ours)}\n"
        f"Fix: use one of {', '.join(dict.fromkeys(ours))}."
    )


def _days(book: Workbook, period: str) -> tuple[date | None, date | None]:
    if period == "all":
        return None, None
    first, last = (date.fromisoformat(day) for day in book.window.split("/"))
    return days_of(period) or (first, last)


def _region(name: str, control: Control, table: Table) -> str:
    if control.region is None:
        return "true"
    if table.column("region"):
        return f"t.region = {literal(control.region)}"
    if table.column("customer_id"):
        return (
            "t.customer_id IN (SELECT customer_id FROM customers "
            f"WHERE region = {literal(control.region)})"
        )
    raise EngagementError(
        f"engagement.toml sets controls.{name}.region, but {table.name} has no customers.\n"
        "Fix: delete region."
    )


# --- what is known around a gap -----------------------------------------------------------------


def evidence(book: Workbook, gap: Gap) -> Evidence | None:
    """What may explain a gap: days, rates, currencies, credit notes, companies of the group."""
    from segkit.audit.explain import Evidence

    control = book.engagement.controls[gap.name]
    total = Total.of(book, gap.name, control)
    if total.is_distinct or total.day is None:
        return None
    daily = book.query(
        "SELECT day, COUNT(*) AS lines, SUM(CAST(value AS DECIMAL(28,6))) AS amount "
        f"FROM ({total.rows(book, all_days=True)}) GROUP BY day ORDER BY day",
        *total.uses(),
    )
    days = {
        day.date(): (int(lines), Decimal(total.in_unit(book, amount)))
        for day, lines, amount in daily.itertuples(index=False, name=None)
    }
    first, last = total.days
    known: dict[str, Any] = {
        "first": first or min(days),
        "last": last or max(days),
        "days": days,
        "country": book.engagement.country,
        "is_money": total.unit == "money",
    }
    if total.unit == "money" and book.has("rates"):
        known["rates"] = _rates(book, known["first"], known["last"])
    if total.measure == "net_revenue" and total.table.name == "order_lines":
        known |= _of_lines(book, total, control)
    return Evidence(**known)


def _rates(book: Workbook, first: date, last: date) -> dict[str, tuple[Decimal, Decimal]]:
    found = book.query(
        f"""
        SELECT currency, MIN(rate) AS low, MAX(rate) AS high FROM (
          SELECT currency, rate, from_date, LEAD(from_date) OVER (
            PARTITION BY currency ORDER BY from_date) AS until FROM rates) AS spans
        WHERE from_date <= DATE '{last}' AND (until IS NULL OR until > DATE '{first}')
        GROUP BY currency ORDER BY currency
        """,
        "rates",
    )
    return {
        currency: (Decimal(low), Decimal(high))
        for currency, low, high in found.itertuples(index=False, name=None)
    }


def _of_lines(book: Workbook, total: Total, control: Control) -> dict[str, Any]:
    """Credit notes, other currencies and sales within the group, in the control's period."""
    rows, names = total.rows(book), total.uses()

    def summed(what: str, where: str) -> Mapping[str, Decimal]:
        found = book.query(
            f"SELECT {what} AS name, CAST(SUM(net_amount) AS BIGINT) AS amount FROM ({rows}) "
            f"WHERE {where} AND {what} IS NOT NULL GROUP BY 1 ORDER BY 1",
            *names,
        )
        return {name: book.money(amount) for name, amount in _pairs(found)}

    credits = {
        **summed("'all'", "net_amount < 0"),
        **summed("'returns'", "net_amount < 0 AND quantity < 0"),
        **summed("'corrections'", "net_amount < 0 AND quantity >= 0"),
        **summed("channel", "net_amount < 0"),
    }
    sold = summed("customer_id", "true")
    related = {name: sold[id] for id, name in related_customers(book) if id in sold}
    known: dict[str, Any] = {"credits": credits, "related": related}
    home = literal(book.currency)
    if book.has("rates"):
        found = book.query(
            f"""
            SELECT lines.currency, CAST(SUM(net_amount) AS BIGINT) AS converted,
                   CAST(SUM(net_amount / rate) AS BIGINT) AS own
            FROM (SELECT * FROM ({rows}) WHERE currency <> {home}) AS lines
            ASOF JOIN rates ON rates.currency = lines.currency AND lines.day >= rates.from_date
            GROUP BY 1 ORDER BY 1
            """,
            *names,
            "rates",
        )
        known["foreign"] = {
            name: (book.money(converted), book.money(own))
            for name, converted, own in found.itertuples(index=False, name=None)
        }
    if control.region is None and control.period in ("window", "all"):
        lost = book.table("currency_totals")
        lost = lost[~lost["is_converted"]]
        known["without_rate"] = dict(zip(lost["currency"], lost["amount"], strict=True))
    return known


def _pairs(found: pd.DataFrame) -> list[tuple[str, int]]:
    return list(found.itertuples(index=False, name=None))


def related_customers(book: Workbook) -> list[tuple[str, str]]:
    """Id and name of customers whose name or kind says that they are of the client's own group."""
    found = book.query(
        "SELECT customer_id, name, concat_ws(' ', kind, category, class) AS words FROM customers "
        "ORDER BY customer_id",
        "customers",
    )
    return [
        (id, name)
        for id, name, words in found.itertuples(index=False, name=None)
        if is_within_group(book.engagement.client, name, words)
    ]


def is_within_group(client: str, name: str, words: str = "") -> bool:
    """Whether a customer's name begins like the client's, or its kind says so.

    Examples
    --------
    >>> is_within_group("Nordvik Handel A/S", "NORDVIK Sverige AB")
    True
    >>> is_within_group("Nordvik Handel A/S", "Handel Søborg ApS")
    False
    """
    ours, theirs = (re.findall(r"\w{4,}", one.casefold()) for one in (client, name))
    told = [word for word in ours if word not in _COMMON]
    is_alike = bool(told) and told[0] in theirs
    return is_alike or _WITHIN_GROUP.search(words) is not None
