"""Who the segments are: a card for each, and how far each stands from the average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segkit.exhibits import Chart, Column
from segkit.language import Message, Value, listed, say, say_n
from segkit.segments.features import FEATURES, feature
from segkit.segments.page import Page, client_words, exhibit, part, read, share_of, spelt
from segkit.segments.plays import Play, play

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook


def profiles(book: Workbook) -> None:
    """A card for each segment, then all of them beside each other."""
    page = read(book)
    book.show(_cards(book, page))
    book.show(_heat(book, page))


def plays_of(book: Workbook, page: Page) -> list[Play]:
    """What to do for each segment, in the order of the page."""
    table = book.table("segment_profiles").set_index("measure")
    profile = dict(list(table.groupby("segment_id")))
    return [
        play(
            profile[one["segment_id"]],
            share_of(one["net_revenue"], page.base_of(one["segment_id"])["net_revenue"].sum()),
            share_of(one["customers"], page.base_of(one["segment_id"])["customers"].sum()),
        )
        for one in page.definitions.to_dict("records")
    ]


def _cards(book: Workbook, page: Page) -> Any:
    import pandas as pd

    definitions = page.definitions
    owns = [page.customers[page.customers["segment_id"] == id] for id in definitions["segment_id"]]
    told = {
        "how_many": [_how_many(own, page) for own in owns],
        "worth": [_worth(book, own, page) for own in owns],
        "rhythm": [_rhythm(book, own) for own in owns],
        "apart": list(definitions["description"]),
        "rule": list(definitions["rule"]),
        "action": [one.action for one in plays_of(book, page)],
    }
    if (classes := _classes(book)) is not None:
        told = {"which": [_which(own, classes) for own in owns], **told}
    frame = definitions[["segment_id", "name", "customers"]].copy()
    for name, messages in told.items():
        frame[name] = pd.Series(messages, dtype=object)
    frame["money"] = book.money(definitions["net_revenue"])
    top = definitions.iloc[0]
    share = part(book, "largest.share", top["net_revenue"], page.revenue)
    return exhibit(
        book, "cards", (
            say("{name} bring in {share} of net revenue", name=Value(top["name"]), share=share),
            float(share.value) > 1 / max(len(frame), 1),
            say("Net revenue is spread evenly over the segments"),
        ),
        say("Each segment at a glance: customers, money and rhythm (medians), {window}",
            window=book.window_text),
        frame, " ".join(["name", *told]),
        n=page.count, grade="C", rows_shown=60, layout="cards",
        in_workbook=(
            Column("customers", say("Customers"), "customers"),
            Column("money", say("Net revenue"), book.currency),
        ),
        reading=say(
            "What sets a segment apart are its strongest differences; in brackets stands what is "
            "usual for all of its base. What to do follows from these, and is to be tested."
        ),
    )  # fmt: skip


def _classes(book: Workbook) -> pd.Series[str] | None:
    """What the client calls its customers: the trade class, else the kind."""
    known = book.table("customers").set_index("customer_id")
    within = book.engagement.segmentation.within
    names = [one for one in ("category", "kind") if one != within and one in known]
    return next((known[one] for one in names if known[one].notna().any()), None)


def _which(own: pd.DataFrame, classes: pd.Series[str]) -> Message:
    """The trade classes that a segment mostly is, the largest first."""
    shares = own["customer_id"].map(classes).value_counts(normalize=True)
    ranked = sorted(shares.items(), key=lambda pair: (-pair[1], str(pair[0])))[:3]
    kept = [
        say("{name} {share}", name=Value(str(name)), share=Value(float(share), "share"))
        for place, (name, share) in enumerate(ranked)
        if place == 0 or share >= 0.1
    ]
    return say("{classes}", classes=listed(kept)) if kept else say("not known")


def _how_many(own: pd.DataFrame, page: Page) -> Message:
    return say_n(
        "{n} customer, {share} of all; {border} near another segment",
        "{n} customers, {share} of all; {border} near another segment",
        len(own),
        share=Value(share_of(len(own), page.count), "share"),
        border=Value(float(own["is_border"].mean()), "share"),
    )


def _worth(book: Workbook, own: pd.DataFrame, page: Page) -> Message:
    revenue = own["net_revenue"]
    return say(
        "{money}, {share} of net revenue; half of them buy for under {median}",
        money=Value(book.money(revenue.sum()), book.currency),
        share=Value(share_of(revenue.sum(), page.revenue), "share"),
        median=Value(book.money(round(float(revenue.median()))), book.currency),
    )


def _rhythm(book: Workbook, own: pd.DataFrame) -> Message:
    last = spelt(book, "recency_days", round(float(own["recency_days"].median())))
    value = spelt(book, "order_value", own["order_value"].median())
    if own["orders"].median() < 2:
        return say("one order of {value}, {last} days ago", value=value, last=last)
    rate = Value(float(f"{own['orders_per_month'].median():.2g}"), "number")
    return say(
        "{rate} orders a month of {value} each; the last one {last} days ago",
        rate=rate, value=value, last=last,
    )  # fmt: skip


def _heat(book: Workbook, page: Page) -> Any:
    import pandas as pd

    table = book.table("segment_profiles")
    measures = _telling_measures(table)
    frame = table[table["measure"].isin(measures)].copy()
    order = {id: place for place, id in enumerate(page.definitions["segment_id"])}
    frame["name"] = frame["segment_id"].map(page.definitions.set_index("segment_id")["name"])
    frame = frame.sort_values(
        ["segment_id", "measure"],
        key=lambda column: column.map(order if column.name == "segment_id" else measures.index),
        ignore_index=True,
    )
    words = client_words(book)
    frame["measure"] = pd.Series([feature(one, words).label for one in frame["measure"]])
    frame["z_low"], frame["z_high"] = frame["z"] - frame["z_error"], frame["z"] + frame["z_error"]
    frame["z"] = frame["z"].round(1)
    widest = frame["z"].abs().groupby(frame["segment_id"]).max()
    error = float(frame["z_error"].quantile(0.9))
    return exhibit(
        book, "profiles", (
            say("Each segment differs from the average in at least one measure"),
            bool((widest >= 0.5).all()),
            say("Some segments are close to the average in every measure"),
        ),
        say("Mean of each segment, in standard deviations from the mean of its base, {window}",
            window=book.window_text),
        frame, "name measure z z_low z_high",
        chart=Chart("heat", x="measure", y="name", value="z"),
        sources=("segment_profiles",), n=page.count, rows_shown=120,
        reading=say(
            "Above zero the segment has more of the measure than other customers. Nine means in "
            "ten are known to within {error}; the 95% interval of each stands in the numbers.",
            error=Value(error, "number", digits=2),
        ),
    )  # fmt: skip


def _telling_measures(profiles: pd.DataFrame) -> list[str]:
    """The features, and the four shares in which segments differ most."""
    known = set(profiles.loc[profiles["z"].notna(), "measure"])
    plain = [one.column for one in FEATURES if one.column in known]
    shares = profiles[profiles["measure"].str.match("share_(?:channel|category)_")]
    shares = shares[~shares["measure"].str.endswith("_other")]
    widest = shares.groupby("measure")["z"].agg(lambda z: z.max() - z.min())
    return [*plain, *widest.sort_values(ascending=False).index[:4]]
