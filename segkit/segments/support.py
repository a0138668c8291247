"""How far the data support the segments: how many hold up, and the rules that deliver them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segkit.evidence import judged
from segkit.exhibits import Chart, Note
from segkit.language import Message, Value, say
from segkit.segments.clusters import SAMPLE, STABLE
from segkit.segments.features import feature
from segkit.segments.page import client_words, exhibit, figure, headline, part, read
from segkit.segments.rules import exactly

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

_AGREES = judged(
    "segments.rival_agrees", 0.65, 0.5, 0.8, "number",
    say("From this adjusted Rand index on another way of grouping agrees with the segments."),
)  # fmt: skip


def how_many(book: Workbook) -> None:
    """How every number of segments held up in resampling, beside data without groups."""
    tried = book.table("stability")
    if tried.empty:
        book.show(Note(_not_clustered(book)))
        return
    for base, own in tried.groupby(tried["base"].fillna(""), sort=True):
        book.show(_stability_exhibit(book, str(base), own))
        book.show(_tried_exhibit(book, str(base), own))
        chosen = own[own["is_chosen"]]
        book.show(_price(book, str(base), chosen.iloc[0]) if len(chosen) else _CONTINUUM)


_CONTINUUM = Note(
    say(
        "These customers differ by degree, not by kind. Groups can be drawn, but others come out "
        "when the customers are drawn again, or they are no clearer than in data that have none. "
        "To call them segments would promise borders that are not there, so plain rules of recency "
        "and value cut the base."
    )
)


def _not_clustered(book: Workbook) -> Message:
    primary = book.engagement.segmentation.primary
    if book.engagement.rescored_by:
        return say("The agreed segments are frozen, so no others were sought.")
    if primary == "rfm":
        return say("Segments by recency, frequency and value were agreed, so none were sought.")
    if primary == "rules":
        return say("Segments by the client's own rules were agreed, so none were sought.")
    return say(
        "There are too few customers to look for groups in their behaviour; plain rules of "
        "recency and value cut the base."
    )


def _stability_exhibit(book: Workbook, base: str, own: pd.DataFrame) -> Any:
    import pandas as pd

    lines = (
        (say("weakest segment"), "min_jaccard", "min_jaccard", "min_jaccard"),
        (say("data without groups"), "null_middle", "null_low", "null_high"),
    )
    frame = pd.concat(
        [
            pd.DataFrame(
                {"k": own["k"], "line": line, "jaccard": own[middle], "band_low": own[low],
                 "band_high": own[high], "is_ours": place == 0}
            )
            for place, (line, middle, low, high) in enumerate(lines)
        ],
        ignore_index=True,
    )  # fmt: skip
    chosen = own[own["is_chosen"]]
    agreed = book.engagement.segmentation.k is not None
    supported = bool(len(chosen) and chosen["is_supported"].iloc[0])
    k = int(chosen["k"].iloc[0]) if len(chosen) else 0
    limits = book.engagement.segmentation
    claim = say("{k} segments hold up: resampled customers form the same groups again", k=k)
    if agreed:
        otherwise = say("The {k} segments agreed do not hold up when customers are resampled", k=k)
    else:
        otherwise = say(
            "No number of segments from {low} to {high} holds up: the base is a continuum",
            low=limits.k_min, high=limits.k_max,
        )  # fmt: skip
    subtitle = say(
        "Similarity (Jaccard) of the weakest segment found again in resamples, {window}",
        window=book.window_text,
    )
    return exhibit(
        book, _key("stability", base), (claim, supported, otherwise), _of_base(base, subtitle),
        frame, "k line jaccard band_low band_high",
        chart=Chart(
            "lines", x="k", y="jaccard", series="line", accent="is_ours", low="band_low",
            high="band_high",
            reference=STABLE, reference_label=say("stable from here on"),
            x_label=say("number of segments"),
        ),
        sources=("stability",), n=int(own["customers"].iloc[0]), grade="C", rows_shown=40,
        reading=say(
            "The band holds nine in ten draws of data of the same shape that have no groups. A "
            "number is taken when its weakest segment is stable and above the band, customers are "
            "clearly closer together than in data without further groups, and every segment is "
            "large enough to manage; of those first the most stable, last by silhouette."
        ),
    )  # fmt: skip


def _tried_exhibit(book: Workbook, base: str, own: pd.DataFrame) -> Any:
    import pandas as pd

    frame = own.rename(
        columns={
            "min_jaccard": "weakest",
            "border_share": "border",
            "rival_agreement": "agreement",
            "rival_jaccard": "rival",
        }
    ).reset_index(drop=True)
    frame["verdict"] = pd.Series([_verdict(one) for _, one in own.iterrows()], dtype=object)
    chosen = own[own["is_chosen"]]
    agreement = float(chosen["rival_agreement"].iloc[0]) if len(chosen) else 0.0
    otherwise = (
        say("Another way of grouping draws other borders: read the segments with care")
        if len(chosen)
        else say("Each number of segments fails for a reason that can be named")
    )
    return exhibit(
        book, _key("tried", base), (
            say("Another way of grouping finds much the same segments"), agreement >= _AGREES,
            otherwise,
        ),
        _of_base(base, say("Every number of segments that was tried, {window}",
                           window=book.window_text)),
        frame, "k weakest null_high smallest border silhouette agreement rival verdict",
        sources=("stability",), n=int(own["customers"].iloc[0]), grade="C", rows_shown=12,
        reading=say(
            "Groups are found by k-means, and beside it by Ward's method. Agreement is the "
            "adjusted Rand index: 1 for the same groups, 0 for chance. On a border is who lands in "
            "another group in more than one resample of five. Where there are more than {sample} "
            "customers, so many drawn at random stand for all.",
            sample=SAMPLE,
        ),
    )  # fmt: skip


def _verdict(one: pd.Series[Any]) -> Message:
    """Why a number of segments is taken, or the first reason why not."""
    if one["is_chosen"]:
        return say("chosen")
    if one["min_jaccard"] < STABLE:
        return say("a segment is not found again")
    if not one["is_stable"]:
        return say("no more stable than data without groups")
    if not one["is_large_enough"]:
        return say("a segment is too small")
    if not one["is_supported"]:
        return say("hardly closer together than by chance")
    return say("holds up too")


def _price(book: Workbook, base: str, chosen: pd.Series[Any]) -> Note:
    definitions = book.table("segment_definitions")
    own = definitions[definitions["base"].fillna("") == base]
    n = int(chosen["customers"])
    assigned = book.table("segments")
    near = assigned.loc[assigned["base"].fillna("") == base, "is_border"]
    border = part(
        book, _key("border_share", base), int(near.sum()), len(near), grade="C", n=n,
        source=("segments",),
    )  # fmt: skip
    price = figure(
        book, _key("price_of_rules", base), round(float(own["price"].iloc[0]), 4), "number",
        grade="C", n=n, source=("segment_definitions",),
    )  # fmt: skip
    agreement = figure(
        book, _key("rival_agreement", base), round(float(chosen["rival_agreement"]), 4), "number",
        grade="C", n=n, source=("stability",),
    )  # fmt: skip
    return Note(
        say(
            "{border} of customers lie on a border between groups, or rule and group differ on "
            "them. Written as rules, segments are {price} times as spread out as the groups they "
            "describe: that is the price of being able to look them up. Ward's groups agree with "
            "them by {agreement} of 1.",
            border=border, price=price, agreement=Value(agreement.value, "number", agreement.id, 2),
        )
    )  # fmt: skip


def rules_of_segments(book: Workbook) -> None:
    """The rule that decides for each segment, and how far rule and cluster agree."""
    page = read(book)
    made = headline(book, page)
    frame = page.definitions[["name", "rule", "customers", "fidelity", "stability"]].copy()
    clustered = page.is_clustered
    own = page.definitions["comes_from"] == "clusters"
    frame["fidelity"] = frame["fidelity"].where(own)
    said = {"share": made["fidelity"]}
    titles = (
        say("Plain rules place {share} of customers as the groups do", **said),
        clustered and not bool(page.definitions.loc[own, "is_approximate"].any()),
        say("Approximate rules: they place {share} of customers as the groups do", **said)
        if clustered
        else say("Every customer meets exactly one plain rule"),
    )
    book.show(
        exhibit(
            book, "rules", titles,
            say("The rule that decides who belongs to each segment, {window}",
                window=book.window_text),
            frame, "name rule customers" + (" fidelity stability" if clustered else ""),
            sources=("segment_definitions",), n=page.count, grade="C", rows_shown=30,
            reading=say(
                "Look a customer up in the behaviour table and go down the list: the first rule "
                "that it meets is its segment. An empty trend counts as none."
            ),
        )
    )  # fmt: skip
    cuts = book.table("segment_thresholds")
    if len(cuts):
        book.show(_thresholds_exhibit(book, cuts))


def _thresholds_exhibit(book: Workbook, cuts: pd.DataFrame) -> Any:
    import numpy as np
    import pandas as pd

    words = client_words(book)
    frame = cuts[["customers"]].copy()
    labels = [feature(one, words).label for one in cuts["column"]]
    bases = cuts["base"].fillna("")
    frame["measure"] = pd.Series(
        [
            say("{base}: {what}", base=Value(base), what=label) if base else label
            for base, label in zip(bases, labels, strict=True)
        ],
        dtype=object,
    )
    for name, given in (("threshold", "threshold"), ("from_cut", "low"), ("to_cut", "high")):
        pairs = zip(cuts["column"], cuts[given], strict=True)
        frame[name] = pd.Series([_place(book, *pair) for pair in pairs], dtype=object)
    within = cuts["threshold"].between(cuts["low"] - 1e-9, np.ceil(cuts["high"] + 1e-9))
    return exhibit(
        book, "thresholds", (
            say("Every threshold of the rules is rounded within its own uncertainty"),
            bool(within.all()),
            say("Some thresholds are rounded further than their uncertainty"),
        ),
        say("Thresholds of the rules, and the middle half of the places that resamples choose, "
            "{window}", window=book.window_text),
        frame, "measure threshold from_cut to_cut customers",
        sources=("segment_thresholds",), n=int(cuts["customers"].max()), grade="C", rows_shown=40,
        reading=say(
            "A hundred resamples of the customers each choose their best place for a threshold; "
            "half of them choose one between these two values. The threshold is the roundest "
            "number between them."
        ),
    )  # fmt: skip


def _place(book: Workbook, column: str, value: float) -> Message:
    """A threshold, or an end of its range: with a digit more than others have."""
    if feature(column).unit == "share":
        return say("{value}", value=Value(value, "share", digits=2))
    return say("{value}", value=exactly(column, value, book.engagement))


def _key(name: str, base: str) -> str:
    return f"{name}.{base}" if base else name


def _of_base(base: str, subtitle: Message) -> Message:
    return (
        say("Base “{base}”. {subtitle}", base=Value(base), subtitle=subtitle) if base else subtitle
    )
