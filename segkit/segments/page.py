"""What the pages of notebook 2 rest on: its figures, and one row per customer with its segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segkit.exhibits import Column, Exhibit
from segkit.language import Message, Value, say
from segkit.segments.rules import written

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

_HEADS: dict[str, tuple[Message, str]] = {
    "action": (say("What to do"), "message"),
    "agreement": (say("Agreement with Ward's groups"), "number"),
    "apart": (say("What sets it apart"), "message"),
    "border": (say("On a border"), "share"),
    "band_high": (say("Nine in ten at most"), "number"),
    "band_low": (say("Nine in ten at least"), "number"),
    "class_name": (say("Class"), "text"),
    "customers": (say("Customers"), "customers"),
    "customers_share": (say("Share of customers"), "share"),
    "fidelity": (say("Rule and cluster agree"), "share"),
    "from_cut": (say("Middle half from"), "message"),
    "from_value": (say("From"), "message"),
    "gap_days": (say("Usual gap"), "days"),
    "high": (say("One in ten above"), "message"),
    "how_many": (say("How many"), "message"),
    "jaccard": (say("Similarity of the segment found again"), "number"),
    "k": (say("Number of segments"), "number"),
    "line": (say("Line"), "message"),
    "low": (say("One in ten below"), "message"),
    "meaning": (say("Meaning"), "message"),
    "measure": (say("Measure"), "message"),
    "middle": (say("Median"), "message"),
    "money": (say("Net revenue"), "money"),
    "money_share": (say("Share of net revenue"), "share"),
    "name": (say("Segment"), "message"),
    "null_high": (say("Data without groups, at most"), "number"),
    "order_value": (say("Order value"), "money"),
    "orders_per_month": (say("Orders a month"), "number"),
    "owner": (say("Owner"), "message"),
    "recency_days": (say("Since the last order"), "days"),
    "rhythm": (say("Rhythm"), "message"),
    "rival": (say("Ward's weakest group found again"), "number"),
    "rule": (say("Rule"), "message"),
    "score": (say("Score"), "number"),
    "share": (say("Share"), "share"),
    "silhouette": (say("Silhouette"), "number"),
    "smallest": (say("Smallest segment"), "customers"),
    "stability": (say("Found again"), "number"),
    "threshold": (say("Threshold"), "message"),
    "to_cut": (say("to"), "message"),
    "to_value": (say("To"), "message"),
    "trend": (say("Trend a quarter"), "share"),
    "verdict": (say("Verdict"), "message"),
    "weakest": (say("Weakest segment found again"), "number"),
    "which": (say("Who"), "message"),
    "who": (say("Customer"), "text"),
    "why": (say("What it means"), "message"),
    "worth": (say("Money"), "message"),
    "z": (say("Standard deviations from the mean"), "number"),
    "z_high": (say("Mean at most"), "number"),
    "z_low": (say("Mean at least"), "number"),
}

#: Distances are told to a tenth: more would be false precision.
_DIGITS = {"z": 1}


@dataclass(frozen=True)
class Page:
    """Segments and customers as the findings use them.

    Attributes
    ----------
    definitions
        ``segment_definitions``, largest net revenue first.
    customers
        ``behaviour`` and ``segments`` joined, with each customer's ``name`` and ``segment``.
    """

    definitions: pd.DataFrame
    customers: pd.DataFrame
    revenue: int

    @property
    def count(self) -> int:
        """Active customers."""
        return len(self.customers)

    @property
    def is_clustered(self) -> bool:
        """Whether any segment comes from clusters."""
        return bool((self.definitions["comes_from"] == "clusters").any())

    def base_of(self, segment_id: str) -> pd.DataFrame:
        """The definitions of the base that a segment belongs to."""
        bases = self.definitions["base"].fillna("")
        return self.definitions[
            bases == bases[self.definitions["segment_id"] == segment_id].iloc[0]
        ]


def read(book: Workbook) -> Page:
    """The tables of the notebook, and its headline figures in the ledger."""
    definitions = book.table("segment_definitions")
    definitions = definitions.sort_values(
        ["net_revenue", "segment_id"], ascending=[False, True], ignore_index=True
    )
    assigned = book.table("segments")
    customers = book.table("behaviour").merge(assigned, on="customer_id", validate="1:1")
    names = book.table("customers").set_index("customer_id")["name"]
    customers["who"] = customers["customer_id"].map(names).fillna(customers["customer_id"])
    called = definitions.set_index("segment_id")["name"]
    customers["name"] = customers["segment_id"].map(called)
    return Page(definitions, customers, int(customers["net_revenue"].sum()))


def headline(book: Workbook, page: Page) -> dict[str, Figure]:
    """The figures every reader of the ledger expects; recorded once, however often asked."""
    made = {
        "count": figure(book, "count", len(page.definitions), "segments", n=page.count),
        "customers": figure(book, "customers", page.count, "customers"),
        "net_revenue": money(book, "net_revenue", page.revenue, n=page.count),
    }
    for one in page.definitions.to_dict("records"):
        customers, revenue = (
            f"{one['segment_id']}.{what}" for what in ("customers", "net_revenue")
        )
        made[customers] = figure(book, customers, one["customers"], "customers")
        made[revenue] = money(book, revenue, one["net_revenue"], n=one["customers"])
    own = page.definitions[page.definitions["comes_from"] == "clusters"]
    agree = float((own["fidelity"] * own["customers"]).sum() / max(own["customers"].sum(), 1))
    fidelity = agree if page.is_clustered else 1.0
    made["fidelity"] = figure(book, "fidelity", round(fidelity, 6), "share", n=page.count)
    return made


def figure(book: Workbook, id: str, value: Any, unit: str, **more: Any) -> Figure:
    """A figure of this notebook."""
    source = more.pop("source", ("segments", "behaviour"))
    return book.figure(f"segments.{id}", value, unit, source=source, **more)


def money(book: Workbook, id: str, minor: Any, **more: Any) -> Figure:
    """An amount of this notebook, from minor units."""
    return figure(book, id, book.money(minor), book.currency, **more)


def part(book: Workbook, id: str, above: Any, below: Any, **more: Any) -> Figure:
    """A share of sums; nothing of nothing is nothing."""
    return figure(book, id, round(float(above / below), 6) if below else 0.0, "share", **more)


def exhibit(
    book: Workbook,
    id: str,
    titles: tuple[Message, bool, Message],
    subtitle: Message,
    data: pd.DataFrame,
    columns: str,
    heads: Mapping[str, tuple[Message, str]] = _HEADS,
    **more: Any,
) -> Exhibit:
    """An exhibit of this notebook: the claim, whether it holds, the other title.

    Parameters
    ----------
    columns
        Names of the columns that are shown, parted by blanks.
    heads
        How each column is headed, and its unit; ``money`` is the engagement's currency.
    """
    claim, holds, otherwise = titles
    shown = tuple(
        Column(
            name,
            heads[name][0],
            book.currency if heads[name][1] == "money" else heads[name][1],
            _DIGITS.get(name),
        )
        for name in columns.split()
    )
    sources = tuple(more.pop("sources", ("segments", "behaviour")))
    return Exhibit(
        f"segments.{id}", claim, bool(holds), otherwise, subtitle, data, shown, sources,
        book.engagement.as_of, **more,
    )  # fmt: skip


def cell(book: Workbook, column: str, value: Any) -> Message:
    """A value of a column of ``behaviour`` as a cell of text."""
    return say("{value}", value=spelt(book, column, value))


def spelt(book: Workbook, column: str, value: Any) -> Value:
    """A value to three digits, as the reader writes it."""
    value = float(value)
    short = float(f"{value:.3g}") if abs(value) < 100 else round(value)
    return written(column, short, book.engagement)


def share_of(above: Any, below: Any) -> float:
    """A part of a whole; nothing of nothing is nothing."""
    return float(above / below) if below else 0.0


def client_words(book: Workbook) -> dict[str, Message]:
    """The client's own words by the columns of their shares."""
    from segkit.segments import LABELS, labelled

    return labelled(book.query(LABELS, "order_lines", "products"), book.engagement.own_words)
