"""What is said of the route to market: pools, contribution, losses, segments and channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from segkit.evidence import agreed_range, judged, ratio_interval
from segkit.exhibits import Answer, Chart, Column, Finding, Note, Tiles
from segkit.language import Message, listed, say, say_n, share
from segkit.routes import value
from segkit.routes.costing import SURE, margins_sql
from segkit.routes.page import (
    AMOUNTS,
    SOLD,
    SOURCES,
    amount_columns,
    core,
    counted,
    customers,
    dates,
    exhibit,
    has_margin,
    is_costed,
    missing,
    money,
    named,
    no_costs,
    part,
    period,
)
from segkit.workbook import Figure, Workbook

LADDER = say(
    "Take loss-making customers step by step: price and terms, then service mode, then "
    "e-commerce, then a minimum order; leaving comes last."
)
IDLE = judged(
    "routes.idle", 0.10, 0.05, 0.20, "share",
    say("Unused capacity above this part of the pools' cost is worth a finding."),
    table="cost_to_serve",
)  # fmt: skip
DEAR = judged(
    "routes.dear", 1.25, 1.1, 1.5, "times",
    say("A segment is dear to serve from this many times the average part of net revenue."),
    table="cost_to_serve",
)  # fmt: skip


# --- the answer ----------------------------------------------------------------------------------


def answer(book: Workbook) -> None:
    """The answer: what serving costs, who loses money, how sure that is."""
    if not is_costed(book):
        return _answer_without_costs(book)
    table, told = customers(book), core(book)
    if not has_margin(table):
        said = say(
            "Serving customers costs {cost}, {part} of net revenue. Product costs aren't given, so "
            "gross margin and contribution are not known.",
            cost=told["cost"], part=told["cost_share"],
        )  # fmt: skip
        return book.show(Answer((said,)))
    losses = loss_figures(book, table)
    said = say(
        "Serving customers costs {cost} over {period}, {part} of net revenue; it leaves {left} of "
        "{margin} gross margin, before {unused} of capacity that is unused or not recorded.",
        cost=told["cost"], period=dates(book), part=told["cost_share"], left=told["contribution"],
        margin=told["gross_margin"], unused=told["unused"],
    )  # fmt: skip
    book.show(
        Answer((said, say("{claim}.", claim=_who_loses(losses)), _how_sure(book, losses))),
        Tiles(
            (
                (say("Cost to serve"), told["cost"]),
                (say("Contribution"), told["contribution"]),
                (say("Unused or unrecorded capacity"), told["unused"]),
                (say("Customers that lose money"), losses["customers"]),
            )
        ),
    )
    return identities(book)


def _who_loses(losses: dict[str, Figure]) -> Message:
    if not losses["customers"].value:
        return say("No customer costs more to serve than the margin it brings")
    return say_n(
        "{n} of {all} customers costs more to serve than it earns, losing {loss}",
        "{n} of {all} customers cost more to serve than they earn, losing {loss}",
        losses["customers"], all=losses["all"], loss=losses["loss"],
    )  # fmt: skip


def _how_sure(book: Workbook, losses: dict[str, Figure]) -> Message:
    value_, low, high = agreed_range(book.engagement, "activity_minutes")
    return say(
        "Minutes are judged, not timed: anywhere between {low} and {high} of them, {sure} "
        "customers surely lose money; for {unsure} it cannot be said.",
        low=share(low / value_), high=share(high / value_), sure=losses["sure"],
        unsure=losses["unsure"],
    )  # fmt: skip


def _answer_without_costs(book: Workbook) -> None:
    table = customers(book)
    revenue = money(book, "routes.net_revenue", table["net_revenue"].sum(), n=len(named(table)))
    said = say("What it costs to serve a customer can't be said from what was given.")
    if has_margin(table):
        margin = money(book, "routes.gross_margin", table["gross_margin"].sum())
        second = say(
            "Before the cost of serving them, customers bring {margin} of gross margin on "
            "{revenue} of net revenue.",
            margin=margin, revenue=revenue,
        )  # fmt: skip
    else:
        second = say(
            "Net revenue is {revenue}; product costs aren't given, so gross margin is not known "
            "either.",
            revenue=revenue,
        )
    book.show(Answer((said, second)))
    book.without("resources", "activities")


def identities(book: Workbook) -> None:
    """Every sum that must tie, to the minor unit."""
    pools, costs, table = (
        book.table(one) for one in ("pool_capacity", "cost_to_serve", "contribution")
    )
    sold = book.query(
        "SELECT CAST(sum(net_amount) AS BIGINT) AS net FROM order_lines WHERE EXISTS (SELECT 1 "
        "FROM pool_capacity AS c WHERE order_date BETWEEN c.period_start AND c.period_end)",
        "order_lines", "pool_capacity",
    )["net"].fillna(0).sum()  # fmt: skip
    known = table.dropna(subset=["contribution"])
    pairs = {
        "cost to serve + unused or unrecorded capacity = cost of the pools": (
            costs["cost"].sum() + pools["unused"].sum(), pools["cost"].sum()
        ),
        "cost to serve of customers = cost assigned by the pools": (
            table["cost_to_serve"].sum(), pools["assigned"].sum()
        ),
        "gross margin - cost to serve = contribution, where margin is known": (
            known["gross_margin"].sum() - known["cost_to_serve"].sum(), known["contribution"].sum()
        ),
        "net revenue of the pools' months = order lines": (table["net_revenue"].sum(), sold),
    }  # fmt: skip
    if book.has("segments"):
        by = by_segment(book)["contribution"].sum()
        pairs["contribution by segment and without one = contribution"] = (
            by, known["contribution"].sum()
        )  # fmt: skip
    for name, (left, right) in pairs.items():
        book.identity(name, book.money(left), book.money(right))


# --- pools ---------------------------------------------------------------------------------------


def pools(book: Workbook) -> None:
    """What each pool costs and how much of it is used."""
    if not is_costed(book):
        return missing(book, say("what each pool of people costs and how much of it is used"))
    told, table = core(book), book.table("pool_capacity")
    amounts = ["cost", "assigned", "unused", "practical_minutes", "used_minutes"]
    total = table.groupby("pool")[amounts].sum().sort_values("cost", ascending=False)
    spare, cost = total["unused"].sum(), total["cost"].sum()
    idle = part(book, "routes.unused_capacity.share", spare, cost, grade="D")
    most, holds = total["unused"].idxmax(), is_idle(idle.value)
    full = say("The pools are nearly full: {part} of their cost is unused", part=idle)
    book.show(
        Finding(
            "routes.unused_capacity",
            say(
                "{part} of the pools' cost, {unused}, is unused or not recorded, most in {pool}",
                part=idle, unused=told["unused"], pool=most
            ),
            holds,
            say("Freed time is worth money only where it is used elsewhere or no longer paid."),
            full,
            say("More work needs more people, or less time for each piece of it."),
            money="routes.unused_capacity",
            action=say(
                "Keep a time diary for a week in {pool}, then decide where its free hours go.",
                pool=most
            ),
            owner=say("head of operations"),
            grade="D",
        ),
        exhibit(
            book, "routes.pools",
            (say("{part} of the pools' cost is unused or not recorded", part=idle), holds, full),
            say("Cost of each pool by use, {period}", period=dates(book)),
            _uses(book, total),
            (
                Column("pool", say("Pool")), Column("use", say("Use")),
                Column("cost", say("Cost"), book.currency),
                Column("hours", say("Hours"), "hours", 0),
            ),
            say(
                "Used is recorded work at the agreed minutes. Unused capacity stays here; no "
                "customer carries it."
            ),
            chart=Chart("stacked", x="cost", y="pool", series="use"), n=len(total),
        ),
        *_pool_notes(book, table),
    )  # fmt: skip
    return None


def is_idle(unused_share: float) -> bool:
    """Whether enough capacity is unused to speak of it."""
    return unused_share >= IDLE


def _uses(book: Workbook, total: pd.DataFrame) -> pd.DataFrame:
    """The cost and hours of each pool, used and unused, one row each."""
    spare = (total["practical_minutes"] - total["used_minutes"]).clip(lower=0)
    uses = (
        (say("Used"), total["assigned"], total["used_minutes"]),
        (say("Unused or not recorded"), total["unused"], spare),
    )
    parts = [
        pd.DataFrame({"use": use, "cost": book.money(cost), "hours": minutes / 60})
        for use, cost, minutes in uses
    ]
    return pd.concat(parts).reset_index(names="pool")


def _pool_notes(book: Workbook, table: pd.DataFrame) -> list[Note]:
    notes = []
    full = table[table["is_scaled"]]
    if len(full):
        text = say_n(
            "In {n} period more minutes are recorded than could be worked, so its cost is assigned "
            "in full, at a lower rate: {pools}.",
            "In {n} periods more minutes are recorded than could be worked, so their cost is "
            "assigned in full, at a lower rate: {pools}.",
            len(full), pools=listed(sorted(full["pool"].unique())),
        )  # fmt: skip
        notes.append(Note(text, "warning"))
    used = table.groupby("pool")["used_minutes"].sum()
    silent = sorted(used.index[used == 0])
    if silent:
        text = say("Unrecorded is not unused. No work is recorded for: {pools}.",
                   pools=listed(silent))  # fmt: skip
        notes.append(Note(text, "warning"))
    activities = book.table("activities")
    seen = set(book.table("cost_to_serve")["activity"])
    idle = [one for one in activities["activity"].sort_values() if one not in seen]
    if idle:
        text = say(
            "Never counted in the records, so without cost: {activities}.",
            activities=listed(idle),
        )
        notes.append(Note(text, "warning"))
    given = book.table("resources")
    aside = int(given["cost"].sum()) - int(table["cost"].sum())
    if aside:
        text = say(
            "{money} of pool cost is set aside: its periods end outside the window, or not all "
            "pools cover them.",
            money=money(book, "routes.pool_cost.set_aside", aside, source=("resources",)),
        )
        notes.append(Note(text, "warning"))
    return notes


# --- contribution by customer --------------------------------------------------------------------


def whale(book: Workbook) -> None:
    """The whale curve of contribution; of gross margin where cost to serve isn't known."""
    table = customers(book)
    if not has_margin(table):
        return no_costs(book, say("how gross margin adds up over customers"))
    by, grade = ("contribution", "D") if is_costed(book) else ("gross_margin", "R")
    ranked = named(table).dropna(subset=[by])
    amounts = ranked[by].astype("float64")
    total, made = amounts.sum(), amounts[amounts > 0].sum()
    more: dict[str, Any] = {"n": len(ranked), "grade": grade}
    makers = part(book, "routes.whale.makers", (amounts > 0).sum(), len(ranked), **more)
    back = money(book, "routes.whale.given_back", made - total, **more)
    curve = value.whale(ranked, by)
    if total > 0:
        peak = part(book, "routes.whale.peak", made, total, **more)
        otherwise = say("Hardly any customer gives back what others make")
    else:
        peak = money(book, "routes.whale.peak", made, **more)
        curve["cumulative"] = book.money(curve["cumulative"])
        otherwise = say("Together customers do not earn what they cost")
    said: dict[str, Any] = {"part": makers, "peak": peak, "back": back}
    told: dict[str, Any] = {"n": len(ranked), "period": dates(book)}
    if is_costed(book):
        title = say(
            "{part} of customers make {peak} of contribution; the others give back {back}", **said
        )
        subtitle = say(
            "Cumulative contribution, {n} customers from the most to the least profitable, "
            "{period}",
            **told,
        )
        head = say("Cumulative contribution")
    else:
        title = say(
            "{part} of customers make {peak} of gross margin; the others give back {back}", **said
        )
        subtitle = say(
            "Cumulative gross margin, {n} customers from the most to the least profitable, "
            "{period}",
            **told,
        )
        head = say("Cumulative gross margin")
    places = np.unique(np.linspace(0, len(curve) - 1, 201).astype(int))
    book.show(
        exhibit(
            book, "routes.whale",
            (title, total > 0 and gives_back(float(peak.value)), otherwise),
            subtitle,
            curve.iloc[places].reset_index(drop=True),
            (
                Column("customers", say("Customers"), "share"),
                Column("cumulative", head, peak.unit),
            ),
            say(
                "The curve rises with customers that earn and falls with those that lose; what is "
                "above its end is given back. A bad year does not make a bad customer."
            ),
            chart=Chart(
                "curve", x="customers", y="cumulative", reference=float(total > 0),
                reference_label=say("all customers") if total > 0 else say("zero")
            ),
            sources=SOURCES if is_costed(book) else SOLD, **more,
        )
    )  # fmt: skip
    if is_costed(book):
        _bands(book, ranked)
    return _unknown_margin(book, table)


def gives_back(peak: float) -> bool:
    """Whether the curve peaks visibly above its end."""
    return peak >= 1.005


def _bands(book: Workbook, ranked: pd.DataFrame) -> None:
    edge = share(value.BREAK_EVEN, 0)
    said = {
        "profit": say("Earn money"),
        "even": say("Break even, within {edge} of revenue", edge=edge),
        "loss": say("Lose money"),
    }
    grouped = ranked.groupby(value.bands(ranked))
    table = grouped[AMOUNTS].sum().astype("float64").assign(customers=grouped.size())
    table = table.reindex(list(said), fill_value=0)
    table["band"] = pd.Series(said, dtype=object)
    losing = part(book, "routes.bands.loss", table["customers"]["loss"], len(ranked), grade="D")
    title = say(
        "{part} of customers lose more than {edge} of their revenue", part=losing, edge=edge
    )
    otherwise = say("No customer loses more than {edge} of its revenue", edge=edge)
    book.show(
        exhibit(
            book, "routes.bands", (title, losing.value > 0, otherwise),
            say("Customers by contribution, {period}", period=dates(book)),
            table.assign(**{one: book.money(table[one]) for one in AMOUNTS}),
            (
                Column("band", say("Customers that")),
                Column("customers", say("Customers"), "customers"), *amount_columns(book),
            ),
            say("Cost to serve rests on judged minutes: read the sizes, not the digits."),
            n=len(ranked),
        )
    )  # fmt: skip


def _unknown_margin(book: Workbook, table: pd.DataFrame) -> None:
    lines = int(table["lines_without_cost"].sum())
    if not lines:
        return
    n = book.figure("routes.lines_without_cost", lines, "order lines", period=period(book))
    revenue = money(book, "routes.revenue_without_cost", table["revenue_without_cost"].sum())
    text = say_n(
        "{n} order line with {money} of net revenue has no cost: its margin is not known, and it "
        "is left out of gross margin.",
        "{n} order lines with {money} of net revenue have no cost: their margin is not known, "
        "and they are left out of gross margin.",
        n, money=revenue,
    )  # fmt: skip
    book.show(Note(text, "warning"))


def loss_figures(book: Workbook, table: pd.DataFrame) -> dict[str, Figure]:
    """How many customers lose money, how much, and how sure that is."""
    bought = named(table).dropna(subset=["contribution"])
    losing = bought[bought["contribution"] < 0]
    sure, unsure = (int((bought["verdict"] == one).sum()) for one in ("loss", "unsure"))
    more: dict[str, Any] = {"n": len(bought), "grade": "D", "source": SOURCES}
    edges: dict[str, Any] = {"low": sure, "high": sure + unsure}
    lost, id = int(losing["contribution"].sum()), "routes.loss_makers"
    return {
        "all": counted(book, "routes.customers", len(bought)),
        "customers": counted(book, f"{id}.customers", len(losing), **more, **edges),
        "sure": counted(book, f"{id}.sure", sure, **more),
        "unsure": counted(book, f"{id}.unsure", unsure, **more),
        "contribution": money(book, f"{id}.contribution", lost, **more),
        "loss": money(book, f"{id}.loss", -lost, **more),
    }


def loss_makers(book: Workbook) -> None:
    """Customers that cost more to serve than they earn; without pools, those sold below cost."""
    table = customers(book)
    if not is_costed(book):
        missing(book, say("which customers cost more to serve than the margin they bring"))
        return _below_cost(book, table) if has_margin(table) else None
    if not has_margin(table):
        return no_costs(book, say("which customers cost more to serve than they earn"))
    told = loss_figures(book, table)
    holds = told["customers"].value > 0
    none = say("No customer costs more to serve than the margin it brings")
    title = say_n(
        "{n} customer costs more to serve than it earns",
        "{n} customers cost more to serve than they earn", told["customers"]
    )  # fmt: skip
    book.show(
        Finding(
            "routes.loss_makers",
            _who_loses(told),
            holds,
            say(
                "For {sure} of them this holds in at least {at} of draws over minutes and "
                "capacity; for {unsure} customers near zero it cannot be said.",
                sure=told["sure"], at=share(SURE), unsure=told["unsure"]
            ),
            none,
            money="routes.loss_makers.loss",
            action=LADDER,
            owner=say("sales director"),
            grade="D",
        ),
        exhibit(
            book, "routes.loss_makers", (title, holds, none),
            say("Contribution by customer, lowest first, {period}", period=dates(book)),
            _lowest(book, table, "contribution"),
            (
                Column("customer_id", say("Customer")), Column("name", say("Name")),
                *amount_columns(book), Column("p_loss", say("Chance of a loss"), "share", 0),
            ),
            say(
                "The chance of a loss counts draws over minutes and capacity. Look first at those "
                "near certainty; a new customer may still grow."
            ),
            n=told["customers"].value,
        ),
    )  # fmt: skip
    return _served_without_order(book, table)


def _lowest(book: Workbook, table: pd.DataFrame, by: str) -> pd.DataFrame:
    """The two hundred customers that lose most, by name, in currency."""
    bought = named(table)
    losing = bought[bought[by].fillna(0) < 0].sort_values([by, "customer_id"]).head(200)
    listed = losing.merge(book.table("customers")[["customer_id", "name"]], how="left")
    amounts = [one for one in AMOUNTS if one in listed]
    return listed.assign(**{one: book.money(listed[one]) for one in amounts})


def _below_cost(book: Workbook, table: pd.DataFrame) -> None:
    """Customers whose goods cost more than they pay: recorded, whatever serving them costs."""
    bought = named(table).dropna(subset=["gross_margin"])
    losing = bought[bought["gross_margin"] < 0]
    more: dict[str, Any] = {"n": len(bought), "source": SOLD}
    n = counted(book, "routes.below_cost.customers", len(losing), **more)
    loss = money(book, "routes.below_cost.loss", -losing["gross_margin"].sum(), **more)
    title = say_n(
        "{n} customer pays less than the goods cost: {loss} below",
        "{n} customers pay less than the goods cost: {loss} below", n, loss=loss
    )  # fmt: skip
    none = say("Every customer pays more than the goods cost")
    book.show(
        Finding(
            "routes.below_cost", title, len(losing) > 0,
            say("That is before anything it costs to serve them."), none,
            money="routes.below_cost.loss",
            action=say(
                "Review prices, discounts and mix of the {n} customers sold below cost, the "
                "largest first.",
                n=n,
            ),
            owner=say("sales director"),
        ),
        exhibit(
            book, "routes.below_cost", (title, len(losing) > 0, none),
            say("Gross margin by customer, lowest first, {period}", period=dates(book)),
            _lowest(book, table, "gross_margin"),
            (
                Column("customer_id", say("Customer")), Column("name", say("Name")),
                *amount_columns(book)[:2],
            ),
            say("Check the recorded cost first: a wrong cost looks like a bad price."),
            n=len(losing), grade="R", sources=SOLD,
        ),
    )  # fmt: skip


def _served_without_order(book: Workbook, table: pd.DataFrame) -> None:
    idle = table[table["customer_id"].notna() & (table["lines"] == 0)]
    if idle.empty:
        return
    n = book.figure("routes.no_order.customers", len(idle), "customers", period=period(book))
    spent = money(book, "routes.no_order.cost_to_serve", idle["cost_to_serve"].sum(), grade="D")
    text = say_n(
        "{n} customer was served without any order in these months, at {cost}; prospects are "
        "among them, so they are not counted as loss makers.",
        "{n} customers were served without any order in these months, at {cost}; prospects are "
        "among them, so they are not counted as loss makers.",
        n, cost=spent,
    )  # fmt: skip
    book.show(Note(text))


# --- segments and channels -----------------------------------------------------------------------


def by_segment(book: Workbook) -> pd.DataFrame:
    """Amounts by segment_id; the row without one is work and lines that belong to no segment."""
    table = customers(book).merge(book.table("segments")[["customer_id", "segment_id"]], how="left")
    grouped = table.groupby("segment_id", dropna=False)
    return grouped[AMOUNTS].sum().assign(customers=grouped["customer_id"].nunique()).reset_index()


def segments(book: Workbook) -> None:
    """Cost to serve by segment, as a share of its net revenue, and by channel."""
    if not is_costed(book):
        return missing(book, say("what serving each segment costs, in which channel"))
    told, table = core(book), by_segment(book)
    table = table.merge(book.table("segment_definitions")[["segment_id", "name"]], how="left")
    within = table[table["segment_id"].notna()].copy()
    sold = within["net_revenue"].astype("float64")
    within["cost_share"] = within["cost_to_serve"] / sold.where(sold > 0)
    within["is_dear"] = within["cost_share"] >= DEAR * told["cost_share"].value
    shares = {row.segment_id: _segment_figures(book, row) for row in within.itertuples()}
    within = within.sort_values(["cost_share", "segment_id"], ascending=[False, True])
    top = within.iloc[0]
    title = say(
        "{segment}: serving them takes {part} of net revenue, against {all} overall",
        segment=top["name"], part=shares[top["segment_id"]], all=told["cost_share"]
    )  # fmt: skip
    book.show(
        exhibit(
            book, "routes.segments",
            (
                title, bool(within["is_dear"].any()),
                say("Cost to serve takes a similar share of net revenue in every segment"),
            ),
            say("Cost to serve as a share of net revenue by segment, {p}", p=dates(book)),
            within.assign(**{one: book.money(within[one]) for one in AMOUNTS}),
            (
                Column("name", say("Segment")), Column("customers", say("Customers"), "customers"),
                Column("cost_share", say("Cost to serve, share of net revenue"), "share"),
                *amount_columns(book),
            ),
            say("Find the activity that makes the difference before changing the service."),
            chart=Chart("bars", x="cost_share", y="name", accent="is_dear"),
            n=int(within["customers"].sum()), sources=(*SOURCES, "segments"),
        )
    )  # fmt: skip
    _rest(book, table[table["segment_id"].isna()])
    return _by_channel(book, within)


def _segment_figures(book: Workbook, row: Any) -> Figure:
    more: dict[str, Any] = {"n": int(row.customers), "grade": "D"}
    money(book, f"routes.{row.segment_id}.cost_to_serve", row.cost_to_serve, **more)
    money(book, f"routes.{row.segment_id}.contribution", row.contribution, **more)
    id = f"routes.{row.segment_id}.cost_to_serve.share"
    return part(book, id, row.cost_to_serve, max(row.net_revenue, 0), **more)


def _rest(book: Workbook, rest: pd.DataFrame) -> None:
    if rest.empty:
        return
    spent = money(book, "routes.no_segment.cost_to_serve", rest["cost_to_serve"].sum(), grade="D")
    left = money(book, "routes.no_segment.contribution", rest["contribution"].sum(), grade="D")
    text = say(
        "Outside the segments, for customers without an order in the window and lines without a "
        "customer: {cost} of cost to serve and {left} of contribution.",
        cost=spent, left=left,
    )  # fmt: skip
    book.show(Note(text))


_CHANNELS = {
    "field": say("Field sales"), "inside": say("Inside sales"),
    "web": say("Web"), "edi": say("EDI"),
    "distributor": say("Distributor"), "events": say("No channel"),
    "not given": say("Not given"),
}  # fmt: skip


def channel_name(channel: str) -> Message | str:
    """How a channel is called on a page."""
    return _CHANNELS.get(channel, channel)


def _by_channel(book: Workbook, within: pd.DataFrame) -> None:
    costs = book.table("cost_to_serve").merge(book.table("segments")[["customer_id", "segment_id"]])
    total = costs.groupby("channel")["cost"].sum().sort_values(ascending=False, kind="stable")
    if total.empty:
        return
    largest = part(book, "routes.channels.largest.share", total.iloc[0], total.sum(), grade="D")
    cells = costs.groupby(["segment_id", "channel"], as_index=False)[["cost", "minutes"]].sum()
    every = within[["segment_id", "name"]].merge(
        pd.DataFrame({"channel": total.index}), how="cross"
    )
    cells = every.merge(cells, how="left").fillna({"cost": 0, "minutes": 0.0})
    title = say(
        "{channel}: {part} of cost to serve arises there",
        channel=channel_name(str(total.index[0])), part=largest
    )  # fmt: skip
    book.show(
        exhibit(
            book, "routes.segments_channels",
            (title, largest.value >= 0.4, say("No channel takes most of the cost to serve")),
            say("Cost to serve by segment and channel, {period}", period=dates(book)),
            cells.assign(
                cost=book.money(cells["cost"]), hours=cells["minutes"] / 60,
                channel=cells["channel"].map(channel_name)
            ),
            (
                Column("name", say("Segment")), Column("channel", say("Channel")),
                Column("cost", say("Cost to serve"), book.currency),
                Column("hours", say("Hours"), "hours", 0),
            ),
            say(
                "Visits count as field and calls as inside sales; orders and lines by their own "
                "channel; deliveries and other events by the customer's main channel."
            ),
            chart=Chart("heat", x="channel", y="name", value="cost"),
            sources=(*SOURCES, "segments"),
        )
    )  # fmt: skip


def channels(book: Workbook) -> None:
    """Net revenue and gross margin by channel over the window."""
    by, inside = "customer_id, channel", "l.period = 'in_window'"
    table = book.query(margins_sql(book.engagement.minor_units, by, inside), *SOLD)
    table = table.sort_values(["channel", "customer_id"], kind="stable")
    if table["channel"].isna().all():
        text = say("Order lines name no channel. With it: revenue and margin by channel.")
        return book.show(Note(text, "missing"))
    table["channel"] = table["channel"].fillna("not given")
    knows = has_margin(table)
    rows = pd.DataFrame([_channel_row(book, str(c), of) for c, of in table.groupby("channel")])
    first = "margin_rate" if knows else "net_revenue"
    rows = rows.sort_values([first, "channel"], ascending=[False, True], ignore_index=True)
    columns = [
        Column("channel", say("Channel")), Column("customers", say("Customers"), "customers"),
        Column("net_revenue", say("Net revenue"), book.currency),
    ]  # fmt: skip
    chart = Chart("bars", x="net_revenue", y="channel")
    if knows:
        columns += [
            Column("gross_margin", say("Gross margin"), book.currency),
            Column("margin_rate", say("Gross margin rate"), "share", 1),
            Column("low", say("Low"), "share", 1), Column("high", say("High"), "share", 1),
        ]  # fmt: skip
        chart = Chart("intervals", x="margin_rate", y="channel", low="low", high="high")
    return book.show(
        exhibit(
            book, "routes.channels", _channel_titles(rows, knows=knows),
            say("Net revenue and gross margin by channel, {period}", period=book.window_text),
            rows.assign(channel=rows["channel"].map(channel_name)), columns,
            say(
                "Customers choose their channel: a difference says who buys there, not what the "
                "channel does."
            ),
            chart=chart, n=int(table["customer_id"].nunique()), grade="C", sources=SOLD,
        )
    )  # fmt: skip


def _channel_titles(rows: pd.DataFrame, *, knows: bool) -> tuple[Message, bool, Message]:
    """The title of the channels by margin, or by revenue where no cost is known."""
    top, last = rows.iloc[0], rows.iloc[-1]
    words = {"top": channel_name(top["channel"]), "last": channel_name(last["channel"])}
    if len(rows) == 1:
        only = say("All orders came through one channel")
        return only, True, only
    if not knows:
        title = say("{top} brings more net revenue than any other channel", **words)
        return title, True, title
    return (
        say("{top} earns a clearly higher gross margin rate than {last}", **words),
        separate(last["high"], top["low"]),
        say("Channels do not differ clearly in gross margin rate"),
    )


def separate(lower_high: float, upper_low: float) -> bool:
    """Whether two intervals do not touch."""
    return bool(lower_high < upper_low)


def _channel_row(book: Workbook, channel: str, rows: pd.DataFrame) -> dict[str, Any]:
    sold = (rows["net_revenue"] - rows["revenue_without_cost"]).to_numpy(dtype=np.float64)
    earned: Any = rows["gross_margin"].astype("float64").fillna(0).to_numpy(np.float64)
    low, high = ratio_interval(earned, sold, draws=300)
    return {
        "channel": channel,
        "customers": rows["customer_id"].nunique(),
        "net_revenue": float(book.money(rows["net_revenue"].sum())),
        "gross_margin": float(book.money(earned.sum())),
        "margin_rate": earned.sum() / sold.sum() if sold.sum() > 0 else np.nan,
        "low": low,
        "high": high,
    }


# --- what it rests on ----------------------------------------------------------------------------


def assumptions(book: Workbook) -> None:
    """What cost to serve holds; what it would be otherwise stands in the assumption register."""
    if not is_costed(book):
        return missing(book, say("the assumptions behind cost to serve and how much they matter"))
    return book.show(
        Note(
            say(
                "A loss or a profit is called sure when at least {sure} of draws over minutes and "
                "capacity agree.",
                sure=share(SURE),
            )
        ),
        Note(
            say(
                "Costs that are counted, and no overhead beside them: {pools}.",
                pools=listed(sorted(book.table("pool_capacity")["pool"].unique())),
            )
        ),
        Note(say("A visit is a contact of kind visit; travel is in its minutes.")),
    )
