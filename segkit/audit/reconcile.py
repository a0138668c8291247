"""From the client's files to the window: every sum of the walk."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

SOURCES = ("order_lines", "order_lines_counts", "order_lines_quarantine")
PERIODS = ("before_window", "in_window", "after_as_of")


@lru_cache(maxsize=8)
def sums(book: Workbook) -> dict[str, Figure]:
    """Record every sum of the walk and the identities that tie them; figures by their id."""
    made = [*_lines(book), *_revenue(book), *_customers(book)]
    value = {figure.id.removeprefix("audit."): figure.value for figure in made}
    net = {id.split(".")[1]: value[id] for id in value if id.startswith("net_revenue.")}
    for name, left, right in (
        (
            "net revenue read = accepted + quarantined - rounding",
            net["read"],
            net["accepted"] + net["quarantined"] - net["rounding"],
        ),
        (
            "net revenue accepted = before window + in window + after as-of date",
            net["accepted"],
            net["before_window"] + net["in_window"] + net["after_as_of"],
        ),
        (
            "net revenue in window = customers' + unassigned",
            net["in_window"],
            net["assigned"] + net["unassigned"],
        ),
        (
            "order lines read = accepted + quarantined",
            value["order_lines.rows_read"],
            value["order_lines.rows_accepted"] + value["order_lines.rows_quarantined"],
        ),
    ):
        book.identity(f"audit: {name}", left, right)
    return {figure.id: figure for figure in made}


def given_period(book: Workbook) -> str:
    """First and last day of the accepted lines, as ``first day/last day``."""
    counts = book.table("line_counts").iloc[0]
    return f"{counts['first_date'].date()}/{counts['last_date'].date()}"


def checks(book: Workbook) -> pd.DataFrame:
    """Lines and net revenue (minor units) of each check of the accepted lines, by its name."""
    return book.table("line_checks").set_index("check_name")


def _lines(book: Workbook) -> list[Figure]:
    counts, lines = book.table("order_lines_counts"), checks(book)["lines"]
    periods = book.table("period_totals").set_index("period")
    numbers = {
        "rows_read": counts["rows_read"].sum(),
        "rows_accepted": lines["accepted"],  # counted in the table, not by the reader of the files
        "rows_quarantined": counts["rows_quarantined"].sum(),
        "unassigned": lines["unassigned"],
        "in_window": periods["lines"].get("in_window", 0),
        "unassigned_in_window": periods["unassigned_lines"].get("in_window", 0),
    }
    return [
        book.figure(
            f"audit.order_lines.{id}", int(number), "order lines",
            period=book.window if id.endswith("in_window") else given_period(book), source=SOURCES,
        )
        for id, number in numbers.items()
    ]  # fmt: skip


def _revenue(book: Workbook) -> list[Figure]:
    counts, net = book.table("order_lines_counts"), checks(book)["net_revenue"]
    periods = book.table("period_totals").set_index("period")
    customers = book.table("customer_totals")
    set_aside = book.query(
        "SELECT CAST(COALESCE(SUM(net_amount_minor), 0) AS BIGINT) AS net_revenue"
        " FROM order_lines_quarantine",
        "order_lines_quarantine",
    )
    all_given, window = given_period(book), book.window
    first, last = all_given.split("/")
    start, after = book.engagement.window_start, book.engagement.as_of + timedelta(days=1)
    told: dict[str, tuple[Decimal, str]] = {
        "read": (sum(counts["net_read"], Decimal(0)), all_given),
        "rounding": (sum(counts["net_rounding"], Decimal(0)), all_given),
        "accepted": (book.money(net["accepted"]), all_given),
        "quarantined": (book.money(set_aside["net_revenue"].iloc[0]), all_given),
        "unassigned_all": (book.money(net["unassigned"]), all_given),
        "unassigned": (book.money(periods["unassigned"].get("in_window", 0)), window),
        "assigned": (
            book.money(customers.loc[customers["customer_id"].notna(), "net_revenue"].sum()),
            window,
        ),
        "before_window": (
            book.money(periods["net_revenue"].get("before_window", 0)),
            f"{min(first, start.isoformat())}/{start}",
        ),
        "in_window": (book.money(periods["net_revenue"].get("in_window", 0)), window),
        "after_as_of": (
            book.money(periods["net_revenue"].get("after_as_of", 0)),
            f"{after}/{max(last, after.isoformat())}",
        ),
    }
    lines = {
        "read": counts["rows_read"].sum(), "rounding": counts["rows_read"].sum(),
        "accepted": checks(book)["lines"]["accepted"],
        "quarantined": counts["rows_quarantined"].sum(),
        "unassigned_all": checks(book)["lines"]["unassigned"],
        "unassigned": periods["unassigned_lines"].get("in_window", 0),
        "assigned": customers.loc[customers["customer_id"].notna(), "lines"].sum(),
        **{one: periods["lines"].get(one, 0) for one in PERIODS},
    }  # fmt: skip
    return [
        book.figure(
            f"audit.net_revenue.{id}", value, book.currency,
            period=period, n=lines[id], source=SOURCES,
        )
        for id, (value, period) in told.items()
    ]  # fmt: skip


def _customers(book: Workbook) -> list[Figure]:
    counts = book.table("line_counts").iloc[0]
    seen, active = int(counts["customers_seen"]), int(counts["customers_active"])
    return [
        book.figure(
            "audit.customers.seen", seen, "customers", period=given_period(book), source=SOURCES
        ),
        book.figure("audit.customers.active", active, "customers", source=SOURCES[:1]),
    ]
