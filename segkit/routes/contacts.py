"""What is said of visits beside value, of who could order online, and of what to do."""

from __future__ import annotations

from typing import Any

import pandas as pd

from segkit.evidence import Grade, judged
from segkit.exhibits import Chart, Column, Exhibit, Finding, Note
from segkit.language import say, say_n, share
from segkit.routes.page import (
    SOURCES,
    customers,
    dates,
    days,
    has_margin,
    is_costed,
    missing,
    money,
    months,
    named,
    part,
    period,
)
from segkit.routes.value import MONTHLY, OFTEN, low_half, over_visited, tenths
from segkit.workbook import Figure, Workbook

ONLINE = ("web", "edi")
MOSTLY_WEAK = judged(
    "routes.mostly_weak", 0.5, 0.3, 0.7, "share",
    say("Where more of the visits stand in weak logs, all that is said of visits is judged."),
    table="visits",
)  # fmt: skip


def visited(book: Workbook) -> pd.DataFrame:
    """One row per customer that bought: its value, visits, and their hours and cost.

    Value is gross margin, before any cost to serve, or net revenue where no cost is known.
    """
    first, last = days(book)
    counted = book.query(
        "SELECT customer_id, CAST(count(*) AS BIGINT) AS visits, sum(minutes) AS minutes "
        f"FROM visits WHERE kind = 'visit' AND visit_date BETWEEN DATE '{first}' AND DATE '{last}' "
        "GROUP BY 1 ORDER BY 1",
        "visits",
    )
    bought = named(customers(book))
    by = "gross_margin" if has_margin(bought) else "net_revenue"
    table = bought.merge(counted, on="customer_id", how="left").fillna({"visits": 0, "minutes": 0})
    table["value"] = table[by].astype("float64").fillna(0.0)
    table["cost"] = 0.0
    if is_costed(book):
        spent = _visit_costs(book)
        for name in ("minutes", "cost"):
            table[name] = table["customer_id"].map(spent[name]).fillna(0.0)
    table["hours"] = table["minutes"] / 60
    return over_visited(table.assign(tenth=tenths(table["value"])), months(book))


def _visit_costs(book: Workbook) -> pd.DataFrame:
    activities = book.table("activities")
    driven = activities.loc[activities["driver"] == "visit", "activity"]
    costs = book.table("cost_to_serve")
    chosen = costs[costs["activity"].isin(driven)]
    return chosen.groupby("customer_id")[["minutes", "cost"]].sum()


def visits(book: Workbook) -> None:
    """Visits beside value, and the customers visited far more often than others of their value."""
    if not book.has("visits"):
        book.without("visits")
        return
    table, costed, weak = visited(book), is_costed(book), weak_log(book)
    grade: Grade = "D" if weak > MOSTLY_WEAK else "C"
    more: dict[str, Any] = {"n": len(table), "grade": grade, "source": ("visits", "order_lines")}
    effort, earned = low_half(table, "value", "visits")
    low_effort = part(book, "routes.visits.low_half", effort, 1, **more)
    low_value = part(book, "routes.visits.low_half.value", earned, 1, **more)
    grouped = table.groupby("tenth")
    data = grouped[["visits", "hours", "value", "cost"]].sum().assign(customers=grouped.size())
    data["each"] = data["visits"] / data["customers"] / months(book)
    data["visits_share"] = data["visits"] / max(data["visits"].sum(), 1)
    data[["value", "cost"]] = book.money(data[["value", "cost"]])
    data = data.reset_index().assign(is_low=lambda rows: rows["tenth"] > 5)
    data["tenth"] = data["tenth"].astype(str)
    said: dict[str, Any] = {"effort": low_effort, "value": low_value}
    if has_margin(table):
        claim = say("The lower half of customers takes {effort} of visits and brings {value} of "
                    "gross margin", **said)  # fmt: skip
        otherwise = say("Visits follow value: the lower half takes {effort} and brings {value} of "
                        "gross margin", **said)  # fmt: skip
        subtitle = say("Visits per customer and month by tenth of gross margin, first the best, "
                       "{period}", period=dates(book))  # fmt: skip
    else:
        claim = say("The lower half of customers takes {effort} of visits and brings {value} of "
                    "net revenue", **said)  # fmt: skip
        otherwise = say("Visits follow value: the lower half takes {effort} and brings {value} of "
                        "net revenue", **said)  # fmt: skip
        subtitle = say("Visits per customer and month by tenth of net revenue, first the best, "
                       "{period}", period=dates(book))  # fmt: skip
    book.show(
        Exhibit(
            "routes.visits",
            claim,
            is_spent_low(effort, earned),
            otherwise,
            subtitle,
            data,
            (
                Column("tenth", say("Tenth")),
                Column("customers", say("Customers"), "customers"),
                Column("each", say("Visits per customer and month"), "visits", 2),
                Column("visits_share", say("Share of visits"), "share"),
                *((Column("hours", say("Hours"), "hours", 0),) if data["hours"].any() else ()),
                *((Column("cost", say("Cost of visits"), book.currency),) if costed else ()),
                Column("value", say("Value"), book.currency),
            ),
            SOURCES if costed else more["source"],
            book.engagement.as_of,
            Chart("bars", x="each", y="tenth", accent="is_low"),
            say(
                "Sellers visit those who buy, so this says where visits go, not what they bring: "
                "an association, not an effect."
            ),
            n=len(table),
            grade=grade,
        )
    )  # fmt: skip
    if weak:
        told = {"n": len(table), "source": ("visits",)}
        share_weak = part(book, "routes.visits.weak_log", weak, 1, **told)
        book.show(
            Note(
                say(
                    "{part} of visits stand in logs that are incomplete or were written from "
                    "memory, as the data audit shows: what those visits bring is judged (grade D).",
                    part=share_weak,
                ),
                "warning",
            )
        )
    _over_visited(book, table)


def weak_log(book: Workbook) -> float:
    """The share of visits of teams whose log carries no response (see the data audit)."""
    if not book.has("visit_log_quality"):
        return 0.0
    log = book.table("visit_log_quality")
    weak = log.loc[log["grade"] == "D", "visits"].sum()
    return float(weak / max(log["visits"].sum(), 1))


def is_spent_low(effort: float, earned: float) -> bool:
    """Whether the lower half takes a larger part of visits than of value, by more than a half."""
    return effort > 1.5 * max(earned, 0.0)


def _over_visited(book: Workbook, table: pd.DataFrame) -> None:
    over = table[table["is_over"]]
    kept = (over["excess"] / over["visits"]).fillna(0)
    hours, cost = (over["hours"] * kept).sum(), (over["cost"] * kept).sum()
    more: dict[str, Any] = {"n": len(table), "period": period(book)}
    grade: Any = "D" if is_costed(book) else "C"
    n = book.figure("routes.over_visited.customers", len(over), "customers", grade="C", **more)
    extra = book.figure(
        "routes.over_visited.visits", round(over["excess"].sum(), 1), "visits", grade="C", **more
    )
    spent = book.figure("routes.over_visited.hours", round(hours), "hours", grade=grade, **more)
    paid = money(book, "routes.over_visited.cost", round(cost), n=len(table), grade="D")
    known = is_costed(book)
    said: dict[str, Any] = {"extra": extra, "hours": spent, "cost": paid}
    needs = say("Their {extra} visits above what is typical take {hours} hours and cost {cost}. "
                "Whether sales need them only a test can tell.", **said)  # fmt: skip
    if not known:
        needs = say("They get {extra} visits above what is typical. Whether sales need them only a "
                    "test can tell.", **said)  # fmt: skip
    if most := mostly(over, book.table("customers")):
        needs = say("{needs} Of those visits, {part} go to one trade class: {category}.",
                    needs=needs, part=share(most[1]), category=most[0])  # fmt: skip
    book.show(
        Finding(
            "routes.over_visited",
            say_n(
                "{n} customer is visited far more often than others of its value",
                "{n} customers are visited far more often than others of their value", n,
            ),
            len(over) > 0,
            needs,
            say("No customer is visited far more often than others of its value"),
            money="routes.over_visited.cost" if known else None,
            action=say(
                "Of the {n} customers visited most for their value, halve the visits of one half, "
                "drawn by lot, for two months; compare the sales of both halves.",
                n=n,
            ),
            owner=say("head of field sales"),
            grade=grade,
        ),
        Note(
            say(
                "Far more often: at least {times} times the median of customers in the same tenth "
                "by value, and at least {monthly} visit a month.",
                times=OFTEN, monthly=MONTHLY,
            )
        ),
    )  # fmt: skip


def mostly(over: pd.DataFrame, listed: pd.DataFrame) -> tuple[str, float] | None:
    """The trade class that has a third or more of the excess visits, and its share, if one has."""
    if "category" not in listed or over.empty:
        return None
    table = over.merge(listed[["customer_id", "category"]], how="left")
    excess = table.groupby("category")["excess"].sum().sort_values(ascending=False, kind="stable")
    if excess.empty or excess.iloc[0] * 3 < over["excess"].sum():
        return None
    return str(excess.index[0]), float(excess.iloc[0] / over["excess"].sum())


def online(book: Workbook) -> None:
    """Customers that could be served online: dear to serve, of low value, standard assortment."""
    adds = say("which customers could order online instead of through people")
    if not is_costed(book):
        missing(book, adds)
        return
    table = customers(book)
    channels = _online_share(book)
    if channels["channel_lines"].sum() == 0:
        book.show(
            Note(
                say("Order lines name no channel. With it we could say: {adds}.", adds=adds),
                "missing",
            )
        )
        return
    chosen = candidates(named(table).merge(channels, on="customer_id"))
    activities = book.table("activities")
    people = activities.loc[activities["driver"].isin(["visit", "call"]), "activity"]
    costs = book.table("cost_to_serve")
    costs = costs[costs["activity"].isin(people) & costs["customer_id"].isin(chosen["customer_id"])]
    more: dict[str, Any] = {"n": len(named(table)), "grade": "D"}
    n = book.figure(
        "routes.online.customers", len(chosen), "customers", period=period(book), **more
    )
    spent = money(book, "routes.online.contact_cost", costs["cost"].sum(), **more)
    hours = book.figure(
        "routes.online.hours", round(costs["minutes"].sum() / 60), "hours", period=period(book),
        **more,
    )  # fmt: skip
    book.show(
        Finding(
            "routes.online",
            say_n(
                "{n} customer of low value and high cost could order online",
                "{n} customers of low value and high cost could order online", n,
            ),
            len(chosen) > 0,
            say(
                "Visits and calls to them cost {cost} and take {hours} hours. They buy standard "
                "goods and order mostly through people.",
                cost=spent, hours=hours,
            ),
            say("No customer of low value and high cost is left to move online"),
            money="routes.online.contact_cost",
            action=say(
                "Invite {n} customers to order online, in waves drawn by lot and without a "
                "discount; watch margin and breadth before the next wave.",
                n=n,
            ),
            owner=say("head of e-commerce"),
            grade="D",
        ),
        Note(
            say(
                "Candidates: cost to serve in the dearest quarter by share of net revenue, gross "
                "margin at or below the median, nothing made to order, fewer than half of lines "
                "online. That they are able and willing is not known."
            )
        ),
    )  # fmt: skip


def _online_share(book: Workbook) -> pd.DataFrame:
    """Per customer: lines with a channel, those online, and those made to order."""
    first, last = days(book)
    names = ", ".join(f"'{one}'" for one in ONLINE)
    return book.query(
        "SELECT l.customer_id, CAST(count(l.channel) AS BIGINT) AS channel_lines, "
        f"CAST(count(*) FILTER (WHERE l.channel IN ({names})) AS BIGINT) AS online_lines, "
        "CAST(count(*) FILTER (WHERE p.is_custom) AS BIGINT) AS custom_lines "
        "FROM order_lines AS l LEFT JOIN products AS p ON l.product_id = p.product_id "
        f"WHERE l.order_date BETWEEN DATE '{first}' AND DATE '{last}' "
        "AND l.customer_id IS NOT NULL GROUP BY 1 ORDER BY 1",
        "order_lines", "products",
    )  # fmt: skip


def candidates(table: pd.DataFrame) -> pd.DataFrame:
    """The customers that could order online.

    Parameters
    ----------
    table
        One row per customer: net_revenue, gross_margin and cost_to_serve in minor units,
        `channel_lines`, `online_lines` and `custom_lines` in lines.
    """
    sold = table[table["net_revenue"] > 0].copy()
    dear = sold["cost_to_serve"] / sold["net_revenue"]
    margin = sold["gross_margin"].astype("float64")
    is_small = margin <= margin.median()
    by_people = sold["online_lines"] * 2 < sold["channel_lines"]
    standard = sold["custom_lines"] == 0
    return sold[(dear >= dear.quantile(0.75)) & is_small & by_people & standard]


def to_do(book: Workbook) -> None:
    """Where to begin: the amounts found above, largest first."""
    found = {
        "routes.unused_capacity": (
            say("Decide where free hours go"), None, say("head of operations"),
        ),
        "routes.loss_makers.loss": (
            say("Change terms or service of customers that lose money"),
            "routes.loss_makers.customers", say("sales director"),
        ),
        "routes.below_cost.loss": (
            say("Review prices below cost"), "routes.below_cost.customers", say("sales director"),
        ),
        "routes.over_visited.cost": (
            say("Test fewer visits"), "routes.over_visited.customers", say("head of field sales"),
        ),
        "routes.online.contact_cost": (
            say("Invite to order online"), "routes.online.customers", say("head of e-commerce"),
        ),
    }  # fmt: skip
    rows = [
        {
            "what": what, "money": float(book.figures[id].value),
            "customers": book.figures[count].value if count else None, "owner": owner,
        }
        for id, (what, count, owner) in found.items()
        if id in book.figures and book.figures[id].value > 0
    ]  # fmt: skip
    if not rows:
        book.show(Note(say("Nothing here can be weighed in money from what was given.")))
        return
    data = pd.DataFrame(rows).sort_values(
        "money", ascending=False, kind="stable", ignore_index=True
    )
    largest: Figure = max((book.figures[id] for id in found if id in book.figures), key=_size)
    book.show(
        Exhibit(
            "routes.to_do",
            say("{what}: {money} is the largest amount", what=data["what"][0], money=largest),
            True,  # noqa: FBT003
            say("Nothing here can be weighed in money"),
            say("Money at stake, not a gain, {period}", period=dates(book)),
            data,
            (
                Column("what", say("What to do")),
                Column("money", say("At stake"), book.currency),
                Column("customers", say("Customers"), "customers"),
                Column("owner", say("Owner")),
            ),
            SOURCES,
            book.engagement.as_of,
            reading=say(
                "The amounts overlap and do not add up. What rests on minutes is judged (grade D) "
                "until a test or a time diary says more."
            ),
            grade="D" if is_costed(book) else "R",
        )
    )


def _size(figure: Figure) -> Any:
    return figure.value
