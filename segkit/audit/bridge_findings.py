"""What notebook 1 says of why sales rose or fell: the bridge, whole and by group."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from segkit.audit import base, bridge
from segkit.audit.base_findings import comparable, period_of
from segkit.audit.page import exhibit, money, note, part, size, texts
from segkit.errors import SegkitError
from segkit.exhibits import Chart, Exhibit, Finding
from segkit.language import Message, Value, as_value, say, say_n

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

#: Customers and products that are few enough to be looked at by name.
FEW = 10
_SOURCES = ("order_lines", "products")
_STEPS = {
    "new": say("Customers new or back"),
    "lost": say("Lost customers"),
    "price": say("Prices"),
    "volume": say("Volume"),
    "mix": say("Mix"),
    "unassigned": say("Of no known customer"),
}
#: What moved furthest the way of the whole: when sales rose, and when they fell.
_DRIVERS = {
    "new": (
        say("New customers account for the largest part of the rise: {money}"),
        say("New customers account for the largest part of the fall: {money}"),
    ),
    "lost": (
        say("Lost customers account for the largest part of the rise: {money}"),
        say("Lost customers account for the largest part of the fall: {money}"),
    ),
    "price": (
        say("Prices account for the largest part of the rise: {money}"),
        say("Prices account for the largest part of the fall: {money}"),
    ),
    "volume": (
        say("Volume with kept customers accounts for the largest part of the rise: {money}"),
        say("Volume with kept customers accounts for the largest part of the fall: {money}"),
    ),
    "mix": (
        say("The mix of products accounts for the largest part of the rise: {money}"),
        say("The mix of products accounts for the largest part of the fall: {money}"),
    ),
    "unassigned": (
        say("Sales of no known customer account for the largest part of the rise: {money}"),
        say("Sales of no known customer account for the largest part of the fall: {money}"),
    ),
}


def why(book: Workbook) -> None:
    """Why sales rose or fell: from the last period to this, whole, by group, and by name."""
    at = base.periods(book.table("base_facts").iloc[0]["first"].date(), book.engagement.as_of)
    if not comparable(book, at):
        return
    changes = book.table("sales_changes")
    steps = bridge.bridge(changes)
    last, this = (
        money(book, f"{name}_period", steps[when], period=period_of(at, when),
              n=_customers(book, when))
        for name, when in (("last", "last"), ("this", "this"))
    )  # fmt: skip
    book.identity(
        "audit: net revenue of the last period + steps = this period",
        steps["last"] + sum(steps[name] for name in bridge.STEPS), steps["this"],
    )  # fmt: skip
    book.identity(
        "audit: net revenue of the bridge = of the periods' customers",
        steps["this"], _of_customers(book, "this"),
    )  # fmt: skip
    book.show(_change(book, at, last, this), _waterfall(book, at, steps, last, this))
    for shown in (_by_segment, _by_region, _by_family):
        shown(book, at, changes)
    _named(book, at, changes)


def _of_customers(book: Workbook, when: str) -> int:
    table = book.table("customer_periods")
    return int(table.loc[table["period"] == when, "net_revenue"].sum())


def _customers(book: Workbook, when: str) -> int:
    table = book.table("customer_periods")
    return int((table["customer_id"].notna() & (table["period"] == when)).sum())


def _change(book: Workbook, at: base.Periods, last: Figure, this: Figure) -> Finding:
    told: dict[str, Any] = {"period": this.period, "n": this.n}
    change = book.figure(
        "audit.net_revenue.year_change", this.value - last.value, book.currency,
        source=["order_lines"], **told,
    )  # fmt: skip
    share = part(book, "net_revenue.year_change_share", change.value, last.value, **told)
    said = {"change": size(change), "share": size(share), "before": last, "latest": this}
    told_of = say(
        "It went from {before} of {n_before} customers to {latest} of {n} customers. The records "
        "show whose orders changed, not why.",
        n_before=last.n,
        n=this.n,
        **said,
    )
    return Finding(
        "audit.year_change",
        say("Net revenue fell by {change}, or {share}, in the latest twelve months", **said)
        if at.is_year
        else say("Net revenue fell by {change}, or {share}, against the period before", **said),
        change.value < 0,
        told_of,
        say("Net revenue rose by {change}, or {share}, in the latest twelve months", **said)
        if at.is_year
        else say("Net revenue rose by {change}, or {share}, against the period before", **said),
        told_of,
        money=change.id,
        action=say("Go through the customers who bought less than before, largest first."),
        owner=say("sales director"),
    )


def _waterfall(
    book: Workbook, at: base.Periods, steps: dict[str, int], last: Figure, this: Figure
) -> Exhibit:
    import pandas as pd

    figures = {
        name: money(book, f"bridge.{name}", steps[name], period=this.period, n=this.n,
                    source=_SOURCES)
        for name in bridge.STEPS
    }  # fmt: skip
    driver = bridge.driver(steps)
    # beside both totals the steps between them could not be seen
    rows = [
        *(
            (text, figures[name].value, False, name == driver)
            for name, text in _STEPS.items()
            if steps[name] or name != "unassigned"
        ),
        (say("In all"), this.value - last.value, True, False),
    ]
    data = pd.DataFrame(rows, columns=["step", "amount", "is_total", "is_driver"])
    return exhibit(
        book, "bridge",
        (_driven(book, steps, figures), bool(driver), say("Net revenue did not change")),
        say("From {last} in the last period to {this} in this one", last=last, this=this),
        data, "step amount",
        chart=Chart("steps", "amount", "step", total="is_total", accent="is_driver"),
        reading=_reading(book), n=this.n, sources=_SOURCES,
    )  # fmt: skip


def _driven(book: Workbook, steps: dict[str, int], figures: dict[str, Figure]) -> Message:
    """The title that names the step that moved furthest the way of the whole."""
    driver = bridge.driver(steps) or "mix"
    up, down = _DRIVERS[driver]
    said = up if steps["this"] >= steps["last"] else down
    moved = size(figures[driver])
    return Message(said.text, {"money": moved})


def _reading(book: Workbook) -> Message:
    """How the steps are made, and what the mix holds."""
    table = bridge.products(book.table("sales_changes"))
    units = table.loc[table["unit"] != "", "unit"].nunique()
    said = {
        "new": Value(book.money(table.loc[table["is_new"], "net_this"].sum()), book.currency),
        "dropped": Value(book.money(table.loc[table["is_dropped"], "net_last"].sum()),
                         book.currency),
    }  # fmt: skip
    if units > 1:
        return say(
            "Prices, volume and mix are those of customers kept. Quantities come in several units "
            "and are compared within each. Products new to them brought {new}, those dropped had "
            "brought {dropped}; both are in volume and mix. Amounts are accounted for, not "
            "explained.",
            **said,
        )
    return say(
        "Prices, volume and mix are those of customers kept: price is the change of each product's "
        "average price at this period's quantity, volume the change of all quantities at last "
        "period's average price, mix the rest. Products new to them brought {new}, those dropped "
        "had brought {dropped}; both are in volume and mix. Amounts are accounted for, not "
        "explained.",
        **said,
    )


# --- by group -------------------------------------------------------------------------------


def _by_segment(book: Workbook, at: base.Periods, changes: pd.DataFrame) -> None:
    try:
        table = book.table("segment_changes")
    except SegkitError:  # too few customers, for example: notebook 2 says why
        note(book, say("Segments can't be made of these customers, so no bridge shows them."))
        return
    names = book.table("segment_definitions").set_index("segment_id")["name"]
    titles = (
        say("The segment that changed most: {group}, by {money}"),
        say("Net revenue by segment from the last period to this one"),
        say("Not ordering in the window"),
    )
    _grouped(book, at, table.assign(group=table["segment_id"]), "segment", titles, dict(names))


def _by_region(book: Workbook, at: base.Periods, changes: pd.DataFrame) -> None:
    titles = (
        say("The region that changed most: {group}, by {money}"),
        say("Net revenue by region from the last period to this one"),
        say("No region known"),
    )
    _grouped(book, at, changes.assign(group=changes["region"]), "region", titles)


def _by_family(book: Workbook, at: base.Periods, changes: pd.DataFrame) -> None:
    products = book.table("products").set_index("product_id")
    name = next((one for one in ("family", "category") if _differs(products, one)), None)
    family = changes["product_id"].map(products[name]) if name else None
    titles = (
        say("The product family that changed most: {group}, by {money}")
        if name == "family"
        else say("The product category that changed most: {group}, by {money}"),
        say("Net revenue by product family from the last period to this one")
        if name == "family"
        else say("Net revenue by product category from the last period to this one"),
        say("No family known"),
    )
    _grouped(book, at, changes.assign(group=family), "family", titles)


def _differs(table: pd.DataFrame, name: str) -> bool:
    return name in table and len(table[name].dropna().unique()) > 1


def _grouped(
    book: Workbook,
    at: base.Periods,
    changes: pd.DataFrame,
    id: str,
    said: tuple[Message, ...],
    names: Mapping[Any, Any] = MappingProxyType({}),
) -> None:
    """One bridge per group as a table; nothing to say where there is one group or none."""
    known = changes["group"].notna()
    if changes.loc[known, "group"].nunique() < 2:
        return
    title, subtitle, unknown = said
    nobody = changes["status"] == "unassigned"
    labels = changes["group"].where(known, "\0rest")
    if id != "family":
        labels = labels.mask(nobody, "\0nobody")
    table = bridge.bridges(changes.assign(group=labels), "group")
    book.identity(
        f"audit: changes by {id} = change of the whole",
        int(table["change"].sum()),
        int(changes["net_this"].sum() - changes["net_last"].sum()),
    )
    rest = {"\0rest": unknown, "\0nobody": say("No known customer")}
    named = table[~table["group"].isin(rest)].iloc[0]
    told = {**names, **rest}
    most = book.figure(
        f"audit.bridge.{id}.most", book.money(named["change"]), book.currency,
        period=period_of(at), source=_SOURCES,
    )  # fmt: skip
    data = table.assign(
        driver=texts(_driver_of(row) for row in table.to_dict("records")),
        group=texts(told.get(name, name) for name in table["group"]),
        **{f"money_{one}": book.money(table[one]) for one in ("last", "new", "lost", "this")},
        **{one: book.money(table[one]) for one in ("price", "volume", "mix", "change")},
    )
    group = as_value(told.get(named["group"], named["group"]))
    claim = Message(title.text, {"group": group, "money": as_value(most)})
    book.show(
        exhibit(
            book, f"bridge.{id}", (claim, bool(named["change"]), subtitle), subtitle, data,
            "group money_last money_new money_lost price volume mix money_this change driver",
            alike=True,
            reading=say("Each row is a bridge of its own, with the prices and volumes of its own "
                        "kept customers: the changes add up to the whole, prices, volume and mix "
                        "need not, since a shift between groups is mix in the whole."),
            n=int((changes["lines_last"] + changes["lines_this"]).sum()), sources=_SOURCES,
        )
    )  # fmt: skip


def _driver_of(row: Mapping[Any, Any]) -> Message:
    return _STEPS.get(bridge.driver(row), say("Nothing"))


# --- by name --------------------------------------------------------------------------------


def _named(book: Workbook, at: base.Periods, changes: pd.DataFrame) -> None:
    """The customers and products that carry most of the change."""
    both = _moves(book)
    rises = int(changes["net_this"].sum()) >= int(changes["net_last"].sum())
    book.show(_largest_customers(book, at, both, rises=rises))
    products = bridge.products(changes)
    if len(products):
        book.show(_largest_products(book, at, products))


def _moves(book: Workbook) -> pd.DataFrame:
    """Each customer's net revenue of both periods, by name; the largest change first."""
    table = book.table("customer_periods")
    wide = table[table["customer_id"].notna()].pivot_table(
        index="customer_id", columns="period", values="net_revenue", fill_value=0, aggfunc="sum"
    )
    wide = wide.reindex(columns=["last", "this"], fill_value=0).astype("int64").reset_index()
    wide["change"] = wide["this"] - wide["last"]
    wide["customer"] = wide["customer_id"].map(
        book.table("customers").set_index("customer_id")["name"]
    )
    order = wide.assign(size=-wide["change"].abs()).sort_values(["size", "customer_id"])
    return order.drop(columns="size")


def _largest_customers(
    book: Workbook, at: base.Periods, both: pd.DataFrame, *, rises: bool
) -> Exhibit:
    way = both[both["change"] > 0] if rises else both[both["change"] < 0]
    few = way.head(FEW)
    total = int(way["change"].sum())
    share = part(book, "bridge.largest_customers_share", int(few["change"].sum()), total,
                 n=len(way), period=period_of(at))  # fmt: skip
    said = {"n": len(few), "all": len(way), "share": share}
    data = both.head(2 * FEW).assign(
        **{f"money_{one}": book.money(both[one]) for one in ("last", "this")},
        change=book.money(both["change"]),
    )
    titles = (
        say_n("{n} of {all} customers who bought more makes {share} of all rises",
              "{n} of {all} customers who bought more make {share} of all rises", **said)
        if rises
        else say_n("{n} of {all} customers who bought less makes {share} of all falls",
                   "{n} of {all} customers who bought less make {share} of all falls", **said),
        len(few) > 0,
        say("No customer changed"),
    )  # fmt: skip
    return exhibit(
        book, "bridge.customers", titles,
        say("The customers whose net revenue changed most, lost and new ones too"),
        data, "customer money_last money_this change", rows_shown=2 * FEW, alike=True,
        reading=say("Who bought much in one period tends to buy less in the next, without any "
                    "reason: ask before acting."),
        n=len(both),
    )  # fmt: skip


def _largest_products(book: Workbook, at: base.Periods, table: pd.DataFrame) -> Exhibit:
    names = book.table("products").set_index("product_id")["name"]
    few = table.head(2 * FEW)
    known = table[~table["is_new"] & ~table["is_dropped"]]
    raised = part(
        book, "bridge.price_rises_share",
        int(known.loc[known["price"] > 0, "net_this"].sum()), int(known["net_this"].sum()),
        n=len(known), period=period_of(at), source=_SOURCES,
    )  # fmt: skip
    data = few.assign(
        product=few["product_id"].map(names).fillna(few["product_id"]),
        price=book.money(few["price"]),
        **{f"money_{one}": book.money(few[f"net_{one}"]) for one in ("last", "this")},
        change=book.money(few["change"]),
    )
    titles = (
        say("Products with a higher average price bring {share} of kept customers' sales",
            share=raised),
        raised.value >= 0.5,
        say("Only {share} of kept customers' sales is of products with a higher average price",
            share=raised),
    )  # fmt: skip
    return exhibit(
        book, "bridge.products", titles,
        say("The products whose net revenue with kept customers changed most"),
        data, "product money_last money_this change price", rows_shown=2 * FEW,
        alike=True,
        reading=say("Price is the change of the average price at this period's quantity. An "
                    "average price moves with discounts, sizes and who buys, not by the list "
                    "alone."),
        n=len(table), sources=_SOURCES,
    )  # fmt: skip
