"""What notebook 2 says of the customers: how they buy, who belongs together, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segkit.evidence import judged
from segkit.exhibits import Answer, Chart, Finding, Note, Tiles
from segkit.language import Message, Value, say, say_n
from segkit.measures import measure as measured
from segkit.segments.features import feature
from segkit.segments.page import (
    Page,
    cell,
    exhibit,
    figure,
    headline,
    money,
    part,
    read,
    share_of,
    spelt,
)
from segkit.segments.portraits import plays_of
from segkit.segments.rules import FAITHFUL

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

_MATTERS = judged(
    "segments.matters", 0.01, 0.005, 0.03, "share",
    say("A group of customers is worth a page from this part of net revenue on."),
)  # fmt: skip
_FEWEST = 5
#: The measures that a reader looks for first; the others stand at the end of the notebook.
_AT_A_GLANCE = (
    "recency_days", "tenure_days", "orders", "orders_per_month", "lines_per_order", "net_revenue",
    "order_value", "gap_days", "gap_cv", "products", "categories", "breadth_rarefied", "trend",
    "return_share", "discount_share", "promotion_share", "electronic_share", "gross_margin",
    "visits", "visits_per_month",
)  # fmt: skip
_MORE_THAN_ITS_SHARE = judged(
    "segments.more_than_its_share", 1.5, 1.2, 2.0, "times",
    say(
        "A segment holds more than its part when its part of revenue is this many "
        "times its part of customers."
    ),
)  # fmt: skip
_MOSTLY = judged(
    "segments.mostly", 0.6, 0.5, 0.75, "share",
    say("A segment is mostly one trade class from this part of its customers on."),
)  # fmt: skip
_LED_BY_NAME = judged(
    "segments.led_by_name", 100, 50, 200, "customers",
    say("A sales force can lead at most so many customers by name."),
)  # fmt: skip


# --- claims: pure functions of numbers ------------------------------------------------------------


def holds_more_than_its_share(money_share: float, customer_share: float) -> bool:
    """Whether a segment brings in far more than its number of customers would."""
    return money_share >= _MORE_THAN_ITS_SHARE * customer_share > 0


def is_skewed(median: float, mean: float) -> bool:
    """Whether the average customer is clearly larger than the typical one."""
    return mean > 1.25 * median


def matters(customers: int, money_share: float) -> bool:
    """Whether a group is large enough to be told of."""
    return customers >= _FEWEST and money_share >= _MATTERS


def is_overdue(behaviour: pd.DataFrame) -> pd.Series[bool]:
    """Who has been silent for twice its usual gap, and longer than its gaps usually vary.

    Only customers with three gaps or more have a rhythm of their own.
    """
    factor = (1 + 2 * behaviour["gap_cv"]).clip(lower=2)
    late = behaviour["recency_days"] > factor * behaviour["gap_days"]
    return late & behaviour["gap_cv"].notna()


def cuts_across(largest_class_shares: pd.Series[float]) -> bool:
    """Whether no segment is mostly one trade class."""
    return bool((largest_class_shares < _MOSTLY).all())


# --- the answer -----------------------------------------------------------------------------------


def answer(book: Workbook) -> None:
    """How many segments, who carries the money, how sure; ties to the window's own sums."""
    page = read(book)
    made = headline(book, page)
    _tie(book, page)
    first = page.definitions.iloc[0]
    customers, revenue = (
        made[f"{first['segment_id']}.{what}"] for what in ("customers", "net_revenue")
    )
    largest = say(
        "The largest by revenue, {name}, are {customers} customers with {revenue}, "
        "{part} of net revenue.",
        name=Value(first["name"]), customers=customers, revenue=revenue,
        part=part(book, "largest.share", first["net_revenue"], page.revenue),
    )  # fmt: skip
    tiles = [
        (say("Active customers"), made["customers"]),
        (say("Segments"), made["count"]),
        (say("Net revenue of their orders"), made["net_revenue"]),
    ]
    if page.is_clustered:
        tiles.append((say("Customers whom rule and cluster agree on"), made["fidelity"]))
    book.show(
        Answer((_what_they_are(page, made), largest, _how_sure(page, made))), Tiles(tuple(tiles))
    )


def _what_they_are(page: Page, made: dict[str, Figure]) -> Message:
    said = {"customers": made["customers"], "count": made["count"]}
    origins = set(page.definitions["comes_from"])
    if origins == {"clusters"}:
        return say(
            "{customers} active customers fall into {count} segments by how they buy, "
            "each with a rule that can be checked for any one customer.",
            **said,
        )
    if origins == {"rfm"}:
        return say(
            "{customers} active customers are placed in {count} segments by recency, frequency "
            "and monetary value, as agreed.",
            **said,
        )
    if "frozen" in origins:
        return say(
            "{customers} active customers are placed in {count} segments by the rules that were "
            "frozen when they were agreed.",
            **said,
        )
    if origins == {"rules"}:
        return say(
            "{customers} active customers are placed in {count} segments by the client's own "
            "rules, the first that holds.",
            **said,
        )
    if origins == {"value"}:
        return say(
            "{customers} active customers form no groups that hold up when looked for again: the "
            "base is a continuum, and {count} plain rules of recency and value cut it.",
            **said,
        )
    return say(
        "{customers} active customers are cut into {count} segments: by how they buy where groups "
        "hold up, by plain rules of recency and value elsewhere.",
        **said,
    )


def _how_sure(page: Page, made: dict[str, Figure]) -> Message:
    if not page.is_clustered:
        return say(
            "Nothing here is estimated: every customer meets exactly one rule, and customers near "
            "a threshold are marked."
        )
    own = page.definitions[page.definitions["comes_from"] == "clusters"]
    if own["is_approximate"].any() and own["fidelity"].min() >= FAITHFUL:
        return say(
            "The rules reproduce the clusters for {fidelity} of customers, but segments are up to "
            "{price} times as spread out, so they are called approximate; the segments are what "
            "the rules say.",
            fidelity=made["fidelity"],
            price=Value(float(own["price"].max()), "number", digits=2),
        )
    if own["is_approximate"].any():
        return say(
            "The rules reproduce the clusters for {fidelity} of customers only, so they are called "
            "approximate; the segments are what the rules say.",
            fidelity=made["fidelity"],
        )
    return say(
        "The rules reproduce the clusters for {fidelity} of customers; the segments are what the "
        "rules say.",
        fidelity=made["fidelity"],
    )


def _tie(book: Workbook, page: Page) -> None:
    """Segments against the order lines themselves."""
    sums = book.query(
        """SELECT count(DISTINCT customer_id) AS active,
            CAST(sum(net_amount) AS BIGINT) AS revenue,
            CAST(coalesce(sum(CASE WHEN customer_id IS NULL THEN net_amount END), 0) AS BIGINT)
                AS unassigned
        FROM order_lines WHERE period = 'in_window'""",
        "order_lines",
    ).iloc[0]
    customers = int(page.definitions["customers"].sum())
    book.identity("customers of all segments = active customers", customers, int(sums["active"]))
    segmented = int(page.definitions["net_revenue"].sum())
    book.identity(
        "net revenue of all segments + unassigned = net revenue in the window",
        book.money(segmented + int(sums["unassigned"])),
        book.money(sums["revenue"]),
    )


# --- behaviour and RFM ----------------------------------------------------------------------------


def behaviour_at_a_glance(book: Workbook) -> None:
    """The measures looked for first, what they mean, and what is usual."""
    import pandas as pd

    behaviour = book.table("behaviour")
    rows = []
    for column in _AT_A_GLANCE:
        known = measured(column)
        if known is None or column not in behaviour or not behaviour[column].notna().any():
            continue
        low, middle, high = behaviour[column].astype("float64").quantile([0.1, 0.5, 0.9])
        told = {
            name: say("{value}", value=spelt(book, column, value))
            for name, value in (("low", low), ("middle", middle), ("high", high))
        }
        rows.append({"measure": feature(column).label, "meaning": known.definition, **told})
    revenue = behaviour["net_revenue"].astype("float64")
    said = {
        name: money(
            book, f"per_customer.{name}", round(value), n=len(behaviour), source=("behaviour",)
        )
        for name, value in (("median", revenue.median()), ("mean", revenue.mean()))
    }
    book.show(
        exhibit(
            book, "behaviour", (
                say("Half of all customers buy for under {median}; the average is {mean}", **said),
                is_skewed(revenue.median(), revenue.mean()),
                say("Customers are much of a size: median {median}, average {mean}", **said),
            ),
            say("Measures of {n} active customers, {window}",
                n=len(behaviour), window=book.window_text),
            pd.DataFrame(rows), "measure meaning low middle high",
            sources=("behaviour",), n=len(behaviour), rows_shown=20,
            reading=say(
                "One customer in ten lies below the first value, half below the median. "
                "Visits are not used to form segments: they are our behaviour, not the customer's."
            ),
        )
    )  # fmt: skip


def rfm_thresholds(book: Workbook) -> None:
    """Which values each score stands for, and how many customers share it."""
    import pandas as pd

    scored = book.table("rfm")
    bins = book.engagement.segmentation.rfm_bins
    rows = []
    for base, own in scored.groupby(scored["base"].fillna(""), sort=True):
        for score, measure in (
            ("rfm_r", "recency_days"),
            ("rfm_f", "orders"),
            ("rfm_m", "net_revenue"),
        ):
            for value, group in own.groupby(score, sort=True):
                label = feature(measure).label
                rows.append(
                    {
                        "measure": say("{base}: {what}", base=Value(base), what=label)
                        if base
                        else label,
                        "score": value,
                        "from_value": cell(book, measure, group[measure].min()),
                        "to_value": cell(book, measure, group[measure].max()),
                        "customers": len(group),
                        "share": len(group) / len(own),
                    }
                )
    frame = pd.DataFrame(rows)
    uneven = float(frame["share"].max()) > 1.5 / bins
    book.show(
        exhibit(
            book, "rfm_thresholds", (
                say("Equal customers share a score, so the scores differ in size"),
                uneven, say("Few customers tie: the scores are of nearly equal size"),
            ),
            say("Values behind each score of recency, frequency and monetary value, {window}",
                window=book.window_text),
            frame, "measure score from_value to_value customers share",
            sources=("rfm",), n=len(scored), rows_shown=3 * bins,
            reading=say(
                "The highest score is best: the latest order, the most orders, the most money."
            ),
        )
    )  # fmt: skip


def rfm_segments(book: Workbook) -> None:
    """The named RFM segments with their customers and money."""
    import pandas as pd

    from segkit.segments.rfm import NAMED

    scored = book.table("rfm")
    total = int(scored["net_revenue"].sum())
    rows = []
    for one in NAMED:
        own = scored[scored["rfm_segment"] == one.id]
        if len(own):
            revenue = int(own["net_revenue"].sum())
            shares = {
                "customers_share": len(own) / len(scored),
                "money_share": share_of(revenue, total),
            }
            rows.append(
                {"name": one.name, "why": one.why, "customers": len(own),
                 "money": float(book.money(revenue)), **shares}
            )  # fmt: skip
    frame = pd.DataFrame(rows).sort_values("money", ascending=False, ignore_index=True)
    frame["is_top"] = frame.index == 0
    top = frame.iloc[0]
    share = float(top["money_share"])
    said = {
        "name": Value(top["name"]),
        "customers": part(book, "rfm_top.customer_share", int(top["customers"]), len(scored)),
        "money": figure(book, "rfm_top.money_share", round(share, 6), "share", source=("rfm",)),
    }
    book.show(
        exhibit(
            book, "rfm", (
                say("“{name}”, {customers} of customers, bring in {money} of net revenue", **said),
                holds_more_than_its_share(share, float(top["customers_share"])),
                say("No group by recency, frequency and value carries the business alone"),
            ),
            say("Net revenue by RFM segment, {window}", window=book.window_text),
            frame, "name why customers customers_share money money_share",
            sources=("rfm",), n=len(scored),
            chart=Chart("bars", x="money", y="name", accent="is_top"),
            reading=say("The first description that fits a customer is taken; everyone is in one."),
        )
    )  # fmt: skip


# --- findings with money --------------------------------------------------------------------------


def value_held(book: Workbook) -> None:
    """Whether one segment holds far more of the money than of the customers."""
    page = read(book)
    made = headline(book, page)
    top = _heaviest(page)
    base = page.base_of(top["segment_id"])
    revenue, customers = int(base["net_revenue"].sum()), int(base["customers"].sum())
    elsewhere = (revenue - top["net_revenue"]) / max(customers - top["customers"], 1)
    rate = top["net_revenue"] / top["customers"]
    times = round(float(rate / elsewhere), 1) if elsewhere > 0 else 0.0
    share = part(book, "heaviest.share", top["net_revenue"], revenue)
    of_all = part(book, "heaviest.customer_share", top["customers"], customers)
    said: dict[str, Any] = {"name": Value(top["name"]), "share": share, "of_all": of_all}
    half = figure(book, "heaviest.half", _for_half(page, top["segment_id"]), "customers")
    claim = say("{name}, {of_all} of customers, bring in {share} of net revenue", **said)
    if len(base) < len(page.definitions):
        claim = say("{name}, {of_all} of their base, bring in {share} of its net revenue", **said)
    book.show(
        Finding(
            "segments.value_held",
            claim,
            holds_more_than_its_share(share.value, of_all.value),
            say("One of them brings in as much as {times} others: losing one costs more than "
                "winning one.", times=_short(figure(book, "heaviest.times", times, "number"))),
            otherwise=say("No segment brings in much more than its share of customers"),
            otherwise_so_what=say("No single segment decides the year; spread attention by need."),
            money=made[f"{top['segment_id']}.net_revenue"].id,
            figures=(made[f"{top['segment_id']}.customers"].id,),
            action=_keep(half, said["name"]),
            owner=say("sales director"),
        )
    )  # fmt: skip


def _keep(half: Figure, name: Value) -> Message:
    """What keeps the heaviest customers: an owner each, where they are few enough for that."""
    if half.value > _LED_BY_NAME:
        return say(
            "Watch the rhythm of the {n} largest of {name}, with half of the segment's net "
            "revenue, and act on the first change.",
            n=half, name=name,
        )  # fmt: skip
    return say_n(
        "Give the largest of {name}, with half of the segment's net revenue, a named owner and a "
        "plan for the year.",
        "Give the {n} largest of {name}, with half of the segment's net revenue, a named owner and "
        "a plan for the year.",
        half,
        name=name,
    )


def _for_half(page: Page, segment_id: str) -> int:
    """How many of a segment's customers, the largest first, hold half of its net revenue."""
    own = page.customers["segment_id"] == segment_id
    revenue = page.customers.loc[own, "net_revenue"].sort_values(ascending=False)
    return int((revenue.cumsum() < revenue.sum() / 2).sum()) + 1


def _heaviest(page: Page) -> pd.Series[Any]:
    """The largest segment that holds more than its share of its base, else the largest of all."""
    for _, one in page.definitions.iterrows():
        base = page.base_of(one["segment_id"])
        shares = (share_of(one[what], base[what].sum()) for what in ("net_revenue", "customers"))
        if holds_more_than_its_share(*shares):
            return one
    return page.definitions.iloc[0]


def overdue(book: Workbook) -> None:
    """Customers silent for longer than their own rhythm explains."""
    page = read(book)
    rated = page.customers[page.customers["gap_cv"].notna()]
    late = rated[is_overdue(rated)].sort_values(
        ["net_revenue", "customer_id"], ascending=[False, True]
    )
    revenue = int(late["net_revenue"].sum())
    count = figure(book, "lists.overdue.customers", len(late), "customers", n=len(rated))
    worth = money(book, "lists.overdue.net_revenue", revenue, n=len(late))
    holds = matters(len(late), share_of(revenue, page.revenue))
    book.show(
        Finding(
            "segments.overdue",
            say_n("{n} customer is overdue by its own rhythm and brought in {worth}",
                  "{n} customers are overdue by their own rhythm and brought in {worth}",
                  count, worth=worth),
            holds,
            say("Each has been silent for more than twice its usual gap, beyond its usual ups and "
                "downs. Some will order anyway; a call finds out which."),
            otherwise=say("Hardly any customer is overdue by its own rhythm"),
            otherwise_so_what=say("Silence is no warning here; watch the trend instead."),
            money=worth.id,
            figures=(count.id,),
            action=say_n(
                "Call the {n} overdue customer this month, and ask before offering anything.",
                "Call the largest of the {n} overdue customers this month, and ask before offering "
                "anything.",
                count,
            ),
            owner=say("sales managers"),
        )
    )  # fmt: skip
    if len(late):
        book.show(_overdue_exhibit(book, late, len(rated)))


def _overdue_exhibit(book: Workbook, late: pd.DataFrame, rated: int) -> Any:
    frame = late.head(50).assign(money=lambda rows: book.money(rows["net_revenue"]))
    half = late["net_revenue"].cumsum() <= late["net_revenue"].sum() / 2
    return exhibit(
        book, "overdue", (
            say("Few customers hold half of the overdue money: call these first"),
            len(late) >= 2 * _FEWEST and half.mean() <= 0.25,
            say("Customers that are overdue by their own rhythm, the largest first"),
        ),
        say("Net revenue of customers overdue, and their median days between orders, {window}",
            window=book.window_text),
        frame, "who name gap_days recency_days money",
        n=rated, rows_shown=12,
    )  # fmt: skip


# --- across the client's own classes --------------------------------------------------------------


def across_classes(book: Workbook) -> None:
    """Segments beside the trade class, and money that the client's own class misplaces."""
    page = read(book)
    attributes = book.table("customers").set_index("customer_id")
    within = book.engagement.segmentation.within
    given = [one for one in ("category", "kind") if one != within and attributes[one].notna().any()]
    if given:
        for base, own in page.customers.groupby(page.customers["base"].fillna(""), sort=True):
            book.show(_classes_exhibit(book, page, own, attributes[given[0]], str(base)))
    else:
        book.show(
            Note(
                say("No trade class or kind was given, so segments stand beside nothing here."),
                "missing",
            )
        )
    if attributes["class"].notna().any():
        _misplaced(book, page, attributes["class"])


def _classes_exhibit(
    book: Workbook, page: Page, own: pd.DataFrame, classes: pd.Series[str], base: str
) -> Any:
    import pandas as pd

    found = own["customer_id"].map(classes).fillna("–")
    kept = found.value_counts().index[:10]
    table = pd.crosstab(own["segment_id"], found, normalize="index")[list(kept)]
    order = [id for id in page.definitions["segment_id"] if id in table.index]
    frame = table.loc[order].reset_index()
    frame = frame.melt("segment_id", var_name="class_name", value_name="share")
    frame["name"] = frame["segment_id"].map(page.definitions.set_index("segment_id")["name"])
    subtitle = say("Share of each segment's customers by class, {window}", window=book.window_text)
    if base:
        subtitle = say("Base “{base}”. {subtitle}", base=Value(base), subtitle=subtitle)
    return exhibit(
        book, f"classes.{base}" if base else "classes", (
            say("Segments cut across the client's own classes: no class stands for one"),
            cuts_across(table.max(axis=1)),
            say("Some segments are mostly one of the client's own classes"),
        ),
        subtitle, frame, "name class_name share",
        chart=Chart("heat", x="class_name", y="name", value="share"),
        sources=("segments", "customers"), n=len(own), rows_shown=120,
        reading=say(
            "Each row adds up to all customers of the segment; the ten largest classes are shown."
        ),
    )  # fmt: skip


def placed_too_low(revenue: pd.Series[int], classes: pd.Series[str]) -> pd.Series[bool]:
    """Customers in a lower class than their net revenue would give them, class sizes unchanged.

    Classes are ranked by their median net revenue, so that A may be the highest or the lowest.
    """
    import numpy as np

    known = classes.notna()
    own, sizes = revenue[known], classes[known].value_counts()
    medians = own.groupby(classes[known]).median().sort_values(ascending=False)
    height = {name: place for place, name in enumerate(medians.index)}
    edges = sizes.reindex(medians.index).cumsum().to_numpy()
    by_revenue = np.searchsorted(edges, own.rank(ascending=False, method="max"), side="left")
    found = revenue.astype(bool) & False
    found[known] = classes[known].map(height) > by_revenue
    return found


def _misplaced(book: Workbook, page: Page, classes: pd.Series[str]) -> None:
    own = page.customers["customer_id"].map(classes)
    low = page.customers[placed_too_low(page.customers["net_revenue"], own)]
    source = ("segments", "customers")
    count = figure(
        book, "lists.misplaced.customers", len(low), "customers", n=page.count, source=source
    )
    worth = money(book, "lists.misplaced.net_revenue", int(low["net_revenue"].sum()), n=len(low))
    book.show(
        Finding(
            "segments.misplaced",
            say_n("{n} customer buys enough for a higher class than it has: {worth}",
                  "{n} customers buy enough for a higher class than they have: {worth}",
                  count, worth=worth),
            matters(len(low), share_of(low["net_revenue"].sum(), page.revenue)),
            say("Ranked by net revenue, with as many customers in each class as now. Where the "
                "class sets service and terms, they get too little for what they buy."),
            otherwise=say("The client's own classes follow revenue: few customers are misplaced"),
            otherwise_so_what=say("The classes can stay as they are for service levels."),
            money=worth.id,
            figures=(count.id,),
            action=say_n(
                "Review the class of the {n} customer who buys enough for a higher one.",
                "Review the class of the {n} customers who buy enough for a higher one, before the "
                "next call plan.",
                count,
            ),
            owner=say("sales director"),
        )
    )  # fmt: skip


# --- what to do -----------------------------------------------------------------------------------


def what_to_do(book: Workbook) -> None:
    """One line for each segment: what to do, and who."""
    page = read(book)
    import pandas as pd

    frame = page.definitions[["segment_id", "name", "customers"]].copy()
    frame["money"] = book.money(page.definitions["net_revenue"])
    plays = plays_of(book, page)
    frame["action"] = pd.Series([one.action for one in plays])
    frame["owner"] = pd.Series([one.owner for one in plays])
    book.show(
        exhibit(
            book, "what_to_do", (
                say("Segments call for different service, not for more of the same"),
                len({one.id for one in plays}) > 1,
                say("All segments call for the same service"),
            ),
            say("What to do for each segment, to be tested before it is rolled out"),
            frame, "name customers money action owner",
            n=page.count, grade="C", rows_shown=30,
            reading=say(
                "These follow from how the segments differ, not from a test: what they would gain "
                "is not known yet, so no gain is stated. Money is net revenue of the window."
            ),
        )
    )  # fmt: skip


# --- small things ---------------------------------------------------------------------------------


def _short(one: Figure) -> Value:
    """A figure with one digit behind the decimal mark."""
    return Value(one.value, one.unit, one.id, digits=1)
