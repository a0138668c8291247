"""What notebook 2 says beside the primary segment: ABC × XYZ, products, and intuition measured."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from segkit.exhibits import Chart, Exhibit, Finding, Note
from segkit.language import Message, Value, say
from segkit.segments.abc_xyz import A_UP_TO, B_UP_TO, FEWEST_MONTHS, X_UP_TO, Y_UP_TO
from segkit.segments.page import exhibit, figure, part

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

_HEADS: dict[str, tuple[Message, str]] = {
    "abc": (say("Value"), "message"),
    "ahead": (say("Ahead of it"), "share"),
    "cell": (say("Share of net revenue, customers"), "message"),
    "customers": (say("Customers"), "customers"),
    "gain": (say("Error taken away"), "share"),
    "high": (say("At most"), "share"),
    "low": (say("At least"), "share"),
    "margin_rate": (say("Gross margin rate"), "share"),
    "money": (say("Net revenue"), "money"),
    "money_share": (say("Share of net revenue"), "share"),
    "name": (say("Product segment"), "message"),
    "outcome": (say("Next period's"), "message"),
    "products": (say("Products"), "products"),
    "way": (say("Grouped by"), "message"),
    "xyz": (say("Steadiness"), "message"),
}
_exhibit = partial(exhibit, heads=_HEADS)
_ROWS = {"A": say("A: large"), "B": say("B: middle"), "C": say("C: small")}
_COLUMNS = {
    "X": say("X: steady"),
    "Y": say("Y: varying"),
    "Z": say("Z: erratic"),
    "–": say("too short to tell"),
}
_PERIODS = {1: say("from month to month"), 3: say("from quarter to quarter")}
_OUTCOMES = {
    "net_revenue": say("net revenue"),
    "gross_margin": say("gross margin"),
    "visit_yield": say("net revenue a visit"),
}
_WAYS = {
    "class": say("the client's own class"),
    "category": say("trade class"),
    "rfm": say("RFM segments"),
    "abc": say("ABC by value"),
    "behaviour": say("behaviour"),
    "chance": say("chance"),
}


def carries(share: float) -> bool:
    """Whether one field of nine holds at least a third of the money."""
    return share >= 1 / 3


def stands_out(money_share: float, product_share: float) -> bool:
    """Whether a product segment brings in far more than its number of products would."""
    return money_share >= 1.5 * product_share > 0


def is_behind(high: float) -> bool:
    """Whether the interval of the difference lies below zero."""
    return high < 0


def is_ahead(low: float) -> bool:
    """Whether the interval of the difference lies above zero."""
    return low > 0


def abc_by_xyz(book: Workbook) -> None:
    """The nine fields of ABC and XYZ with their money, and the convention they follow."""
    import pandas as pd

    table = book.table("abc_xyz")
    table["xyz"] = table["xyz"].fillna("–")
    total = int(table["net_revenue"].sum())
    rows = []
    steadiness = [one for one in _COLUMNS if (table["xyz"] == one).any()]
    for one, other in product(_ROWS, steadiness):
        own = table[(table["abc"] == one) & (table["xyz"] == other)]
        money = int(own["net_revenue"].sum())
        rows.append(
            {"abc": _ROWS[one], "xyz": _COLUMNS[other], "customers": len(own),
             "money": float(book.money(money)), "money_share": money / total if total else 0.0,
             "field": f"{one}{other}"}
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    pairs = zip(frame["money_share"], frame["customers"], strict=True)
    cells = [say("{share} ({n})", share=Value(one, "share", digits=0), n=int(n))
             for one, n in pairs]  # fmt: skip
    frame["cell"] = pd.Series(cells, frame.index, "object")
    top = frame.sort_values(["money_share", "field"], ascending=[False, True]).iloc[0]
    own = table[table["abc"] + table["xyz"] == top["field"]]
    share = part(book, "abc_xyz.top.money_share", own["net_revenue"].sum(), total or 1, n=len(own))
    count = figure(book, "abc_xyz.top.customers", len(own), "customers", source=("abc_xyz",))
    book.show(
        _exhibit(
            book, "abc_xyz",
            (say("{share} of net revenue comes from {customers} customers: {field}",
                 field=_FIELDS.get(str(top["field"]), say("small")), share=share, customers=count),
             carries(float(top["money_share"])) and top["field"] in _FIELDS,
             say("No field of value and steadiness holds a third of net revenue")),
            say("Share of net revenue and number of customers by value and steadiness, {window}",
                window=book.window_text),
            frame, "abc xyz customers money money_share", sources=("abc_xyz", "customer_months"),
            chart=Chart("heat", x="xyz", y="abc", value="money_share", label="cell"),
            n=len(table), rows_shown=12,
            reading=say(
                "A are the largest who together bring in {a} of net revenue, A and B {b}. X varies "
                "{period} by at most {x} of its mean, Y by at most {y}; periods without an "
                "order count as zero, and fewer than {months} months tell nothing. Equal customers "
                "stand in the same field.",
                period=_PERIODS[int(table["period_months"].iloc[0])],
                a=Value(A_UP_TO, "share", digits=0), b=Value(B_UP_TO, "share", digits=0),
                x=Value(X_UP_TO, "share", digits=0), y=Value(Y_UP_TO, "share", digits=0),
                months=FEWEST_MONTHS,
            ),
        )
    )  # fmt: skip


_FIELDS = {
    "AX": say("large and steady"),
    "AY": say("large, with months that vary"),
    "AZ": say("large but erratic"),
    "BX": say("middle-sized and steady"),
    "BY": say("middle-sized, with months that vary"),
    "BZ": say("middle-sized and erratic"),
}


def product_segments(book: Workbook) -> None:
    """Products and services in segments of their own: how many, how much, at which margin."""
    table = book.table("product_segments")
    table["called"] = table["name"].map(str)
    grouped = table.groupby("segment_id", sort=True)
    frame = grouped.agg(
        name=("name", "first"), products=("product_id", "size"), net=("net_revenue", "sum"),
        margin=("gross_margin", "sum"),
    ).reset_index()  # fmt: skip
    costed = table[table["gross_margin"].notna()].groupby("segment_id")["net_revenue"].sum()
    frame["costed"] = frame["segment_id"].map(costed).astype("float64")
    frame["margin_rate"] = frame["margin"].astype("float64") / frame["costed"].where(
        frame["costed"] > 0
    )
    total = int(frame["net"].sum())
    frame["money"] = book.money(frame["net"])
    frame["money_share"] = frame["net"] / total if total else 0.0
    frame = frame.sort_values(["net", "segment_id"], ascending=[False, True], ignore_index=True)
    frame["is_top"] = frame.index == 0
    top = frame.iloc[0]
    by_rules = bool(book.engagement.product_segment_rules)
    said = {
        "name": Value(top["name"]),
        "share": part(book, "products.top.money_share", top["net"], total or 1,
                      n=int(top["products"]), source=("product_segments",)),
        "products": figure(book, "products.top.products", int(top["products"]), "products",
                           source=("product_segments",)),
        "all": figure(book, "products.count", len(table), "products",
                      source=("product_segments",)),
    }  # fmt: skip
    book.show(
        _exhibit(
            book, "products",
            (say("“{name}”: {products} of {all} products bring in {share} of net revenue", **said),
             stands_out(float(top["money_share"]), int(top["products"]) / len(table)),
             say("Net revenue is spread over the product segments much as the products are")),
            say("Net revenue by product segment, {window}", window=book.window_text),
            frame, "name products money money_share margin_rate", sources=("product_segments",),
            chart=Chart("bars", x="money", y="name", accent="is_top"), n=len(table),
            rows_shown=25,
            reading=say(
                "By the client's own criteria; the first that fits a product is taken, and every "
                "product is in one segment."
            ) if by_rules else say(
                "Products of large sales together bring in {a} of net revenue, those of large and "
                "middling sales {b}. A product earns well whose margin rate is at least that of "
                "all products together. Every product is in one segment.",
                a=Value(A_UP_TO, "share", digits=0), b=Value(B_UP_TO, "share", digits=0),
            ),
        )
    )  # fmt: skip


def against_intuition(book: Workbook) -> None:
    """What each way of grouping adds to last period's value as a forecast of the next."""
    if not book.has("intuition"):
        book.show(Note(say("Ways of grouping are not compared here."), "missing"))
        return
    table = book.table("intuition")
    if table.empty:
        book.show(
            Note(
                say(
                    "Too few customers or too short a history to hold ways of grouping against "
                    "each other as forecasts: it takes a period before and one after."
                ),
                "missing",
            )
        )
        return
    rival = next(one for one in ("class", "category", "rfm", "abc")
                 if (table["rival_of"] == one).any())  # fmt: skip
    pair = table[(table["rival_of"] == rival) & (table["outcome"] == "net_revenue")]
    own = pair[pair["way"] == rival].iloc[0]
    behaving = pair[pair["way"] == "behaviour"]
    if len(behaving):
        book.show(_ahead(book, rival, own, behaving.iloc[0]))
    book.show(*_compared(book, table))


def _ahead(book: Workbook, rival: str, own: pd.Series[Any], other: pd.Series[Any]) -> Finding:
    n = int(own["customers"])
    made = {
        name: figure(
            book, f"intuition.{name}", round(float(row["gain"]), 6), "share", n=n, grade="C",
            low=round(float(row["low"]), 6), high=round(float(row["high"]), 6),
            source=("intuition",),
        )
        for name, row in ((rival, own), ("behaviour", other))
    }  # fmt: skip
    said = {"what": _WAYS[rival], "own": made[rival], "behaviour": made["behaviour"],
            "groups": int(own["groups"])}  # fmt: skip
    return Finding(
        "segments.intuition",
        say("Behaviour foretells more than {what}: {behaviour} of the error against {own}", **said),
        is_ahead(float(other["ahead_low"])),
        say(
            "Both sort customers into {groups} groups, and both are added to what a customer "
            "bought before. Next period's net revenue is then forecast for customers left out. "
            "A better forecast does not say that serving by behaviour earns more.",
            groups=int(own["groups"]),
        ),
        otherwise=_no_better(float(other["ahead_high"]), said)[0],
        otherwise_so_what=_no_better(float(other["ahead_high"]), said)[1],
        figures=tuple(one.id for one in made.values()),
        grade="C",
    )


def _no_better(ahead_high: float, said: dict[str, Any]) -> tuple[Message, Message]:
    """What is said where behaviour is not ahead: that it is behind, or that nothing tells."""
    if is_behind(ahead_high):
        return (
            say("Behaviour foretells less than {what}: {behaviour} of the error against {own}",
                **said),
            say("With {groups} groups each, behaviour leaves out what {what} knows: plan by both.",
                groups=said["groups"], what=said["what"]),
        )  # fmt: skip
    return (
        say("Behaviour foretells no more than {what} does", what=said["what"]),
        say("With {groups} groups each, {what} takes {own} of the forecast's error away and "
            "behaviour {behaviour}: the difference may be chance.", **said),
    )  # fmt: skip


def _compared(book: Workbook, table: pd.DataFrame) -> list[Exhibit]:
    """Net revenue as a chart, then margin and visits as a table where they are known."""
    import pandas as pd

    shown = table[table["way"] != "chance"].copy()
    chance = table.loc[table["way"] == "chance", "gain"].abs().max()
    shown["is_behaviour"] = shown["way"] == "behaviour"
    ways = zip(shown["way"], shown["groups"], shown["rival_of"], strict=True)
    called = [
        say("{what}, {groups} groups like {rival}", what=_WAYS[way], groups=groups,
            rival=_WAYS[rival])
        if way == "behaviour" else say("{what}, {groups} groups", what=_WAYS[way], groups=groups)
        for way, groups, rival in ways
    ]  # fmt: skip
    shown["way"] = pd.Series(called, shown.index, "object")
    shown["is_sales"] = shown["outcome"] == "net_revenue"
    shown["outcome"] = shown["outcome"].map(_OUTCOMES)
    drawn = shown[shown["is_sales"]].reset_index(drop=True)
    rivals = table[(table["way"] == "behaviour") & (table["outcome"] == "net_revenue")]
    wins = int((rivals["ahead_low"] > 0).sum())
    rest = shown[~shown["is_sales"]].reset_index(drop=True)
    drawing = _exhibit(
        book, "intuition",
        (say("With as many groups, behaviour is ahead of {wins} of {all} other ways",
             wins=wins, all=len(rivals)),
         wins > 0, say("With as many groups, behaviour is not ahead of other ways of grouping")),
        say("Part of the squared error of a forecast of next period's net revenue that each "
            "grouping takes away, beyond last period's own"),
        drawn, "way gain low high ahead", sources=("intuition",),
        chart=Chart("intervals", x="gain", y="way", low="low", high="high", accent="is_behaviour",
                    reference=0.0),
        n=int(table["customers"].max()), grade="C", rows_shown=20,
        reading=say(
            "Groups are made from what was known before the period that is forecast, and each "
            "customer is forecast from others only. Groups drawn by lot move the error by at most "
            "{chance}. The client's own class may have been set later than the split, which "
            "favours it.",
            chance=Value(float(chance), "share", digits=1),
        ),
    )  # fmt: skip
    return [drawing, _others(book, rest)] if len(rest) else [drawing]


def _others(book: Workbook, rest: pd.DataFrame) -> Exhibit:
    best = rest[rest["is_behaviour"]]
    wins = int((best["ahead_low"] > 0).sum())
    return _exhibit(
        book, "intuition_others",
        (say("For margin and visits too, behaviour is ahead in {wins} of {all} comparisons",
             wins=wins, all=len(best)),
         wins * 2 > len(best),
         say("For margin and visits, behaviour is ahead in {wins} of {all} comparisons",
             wins=wins, all=len(best))),
        say("Part of the squared error of a forecast of the next period that each grouping takes "
            "away, beyond last period's own"),
        rest, "outcome way gain low high ahead", sources=("intuition",),
        n=int(rest["customers"].max()), grade="C", rows_shown=30,
        reading=say(
            "Net revenue a visit moves with the number of visits, which sellers choose: it is no "
            "measure of what one visit more would bring."
        ),
    )  # fmt: skip
