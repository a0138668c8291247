"""What the pages of buying logic rest on: words, customers with their money, and what is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from segkit.exhibits import Column, Exhibit, Note
from segkit.language import Message, Value, listed, say
from segkit.segments.buying.indicators import INDICATORS, INDICES, Indicator, agreed_indicators
from segkit.segments.buying.indices import scaled

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

INDEX_NAMES: dict[str, Message] = {
    "price": say("Price decides"),
    "performance": say("Performance decides"),
    "delivery": say("Delivery decides"),
    "customised": say("Standard or customised"),
    "collaboration": say("Willing to collaborate"),
    "today": say("How it is sold to today"),
}
WORDS: dict[str, Message] = {
    "undecided": say("Undecided"),
    "price": say("Price"),
    "performance": say("Performance"),
    "delivery": say("Delivery"),
    "transactional": say("Transactional"),
    "consultative": say("Consultative"),
    "complex": say("Complex sale"),
    "traditional": say("Traditional sale"),
    "used": say("Used"),
    "tentative": say("Used, with reserve"),
    "rewritten": say("Written anew, not used"),
    "untested": say("Not tested: one rater"),
}
ITEM_NAMES: dict[str, Message] = {
    **{name: WORDS[name] for name in ("price", "performance", "delivery")},
    "customised": say("Customised offer"),
    "standard": say("Standard offer"),
    "collaboration": say("Collaboration"),
}
#: The indices that make the logic, and which no answer alone can settle.
DEEDS = ("price", "customised", "collaboration")
_ROLES: dict[float, Message] = {
    0.0: say("inside sales"), 50.0: say("field seller"), 100.0: say("key account manager"),
}  # fmt: skip
_HEADS: dict[str, tuple[Message, str]] = {
    "alpha": (say("Krippendorff's alpha"), "number"),
    "both_customers": (say("Rated twice"), "customers"),
    "buys": (say("How it buys"), "message"),
    "contribution": (say("Contribution"), "money"),
    "customers": (say("Customers"), "customers"),
    "decides": (say("What decides"), "message"),
    "entropy": (say("How clearly answers part"), "number"),
    "from_value": (say("Counts 0 at"), "message"),
    "index": (say("Sign of"), "message"),
    "is_chosen": (say("Fits best"), "text"),
    "item": (say("Asked"), "message"),
    "k": (say("Classes"), "number"),
    "known": (say("Known for"), "share"),
    "label": (say("Sign"), "message"),
    "margin": (say("Gross margin"), "money"),
    "money": (say("Net revenue"), "money"),
    "needed": (say("Calls for"), "message"),
    "now": (say("Current behaviour"), "number"),
    "bic": (say("BIC (lower fits better)"), "number"),
    "reading": (say("Reading"), "message"),
    "same": (say("Same score"), "share"),
    "seller_above": (say("Sellers above customers"), "number"),
    "share": (say("Share of customers"), "share"),
    "side": (say("Side"), "message"),
    "sold": (say("How it is sold to today"), "message"),
    "stated": (say("Stated wish"), "number"),
    "to_value": (say("Counts 100 at"), "message"),
    "today": (say("Sold to today"), "message"),
    "verdict": (say("Verdict"), "message"),
    "weight": (say("Weight"), "number"),
    "who": (say("Customer"), "text"),
}


@dataclass(frozen=True)
class Known:
    """Buying logic as the findings use it.

    Attributes
    ----------
    customers
        ``buying_logic`` with each customer's name and money.
    indicators
        As agreed; `used` are those that the records tell of anyone.
    """

    customers: pd.DataFrame
    indicators: tuple[Indicator, ...]

    @property
    def used(self) -> tuple[Indicator, ...]:
        """The signs that count in this engagement."""
        told = self.customers.notna().any()
        return tuple(one for one in self.indicators if told[one.id] and one.weight > 0)

    @property
    def is_told(self) -> bool:
        """Whether at least two of the three parts of buying logic have a sign."""
        indices = {one.index for one in self.used}
        return len(indices & {*DEEDS}) >= 2

    @property
    def revenue(self) -> int:
        """Net revenue of all active customers, in minor units."""
        return int(self.customers["net_revenue"].sum())


def read(book: Workbook) -> Known:
    """The table of the notebook with names and money."""
    made = book.table("buying_logic")
    behaviour = book.table("behaviour").set_index("customer_id")
    names = book.table("customers").set_index("customer_id")["name"]
    made["who"] = made["customer_id"].map(names).fillna(made["customer_id"])
    for name in ("net_revenue", "gross_margin", "visits_per_month"):
        if name in behaviour:
            made[name] = made["customer_id"].map(behaviour[name])
    return Known(made, agreed_indicators(book.engagement.buying_logic))


def too_little(book: Workbook) -> None:
    """Say what buying logic takes and these records lack."""
    book.show(
        Note(
            say(
                "Buying logic is not told: it takes two of list prices or promotions, products "
                "made to order, and the channel of orders."
            ),
            "missing",
        )
    )


def sold_by(row: dict[str, Any]) -> Message:
    """Who sells to a customer, and with how much contact."""
    told = [one for one in INDICATORS if one.index == "today" and row[one.id] == row[one.id]]
    facts = [
        _ROLES[row[one.id]] if one.id == "role" else fact(one, row)
        for one in told
        if one.id == "role" or row[one.id] > 0
    ]
    return say("{facts}", facts=listed(facts))


def fact(one: Indicator, row: dict[str, Any]) -> Message:
    """One sign of one customer, as a seller says it."""
    digits = {"share": 0, "minutes": 0, "days": 0}.get(one.unit, 1)
    unit = "share" if one.unit == "share" else "number"
    return replace(one.fact, args={"value": Value(float(row[one.id]), unit, digits=digits)})


def telling(used: tuple[Indicator, ...], row: dict[str, Any], *, is_complex: bool) -> list[Message]:
    """The three signs that speak loudest for a complex sale, or for a traditional one."""
    import pandas as pd

    loud = []
    for place, one in enumerate(used):
        if one.index not in DEEDS or row[one.id] != row[one.id]:
            continue
        if one.id == "quote_days" and row[one.id] == 0:  # nothing was quoted: no news to a seller
            continue
        height = float(scaled(pd.Series([row[one.id]]), one.none, one.full).iloc[0]) - 50
        speaks = height if is_complex != (one.index == "price") else -height
        if speaks > 0:
            loud.append((-speaks, place, one))
    return [fact(one, row) for _, _, one in sorted(loud)[:3]]


def exhibit(
    book: Workbook, id: str, titles: tuple[Message, bool, Message], subtitle: Message,
    data: pd.DataFrame, columns: str, **more: Any,
) -> Exhibit:  # fmt: skip
    """An exhibit of buying logic: the claim, whether it holds, the other title."""
    claim, holds, otherwise = titles

    def column(name: str) -> Column:
        head, unit = _HEADS[name]
        digits = {"alpha": 2, "entropy": 2, "seller_above": 1}.get(name)
        if name in ("now", "stated", "bic"):
            digits = 0
        return Column(name, head, book.currency if unit == "money" else unit, digits)

    sources = tuple(more.pop("sources", ("buying_logic", "behaviour")))
    return Exhibit(
        f"segments.buying.{id}", claim, bool(holds), otherwise, subtitle, data,
        tuple(map(column, columns.split())), sources, book.engagement.as_of,
        grade=more.pop("grade", "C"), **more,
    )  # fmt: skip


def order_of(index: str) -> int:
    """Where an index stands in a list of them."""
    return [*INDICES, "today"].index(index)
