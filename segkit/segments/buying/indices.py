"""From signs to indices of 0 to 100, and from indices to what they decide, or do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from segkit.evidence import judged
from segkit.language import say
from segkit.segments.buying.indicators import INDICES, Indicator

if TYPE_CHECKING:
    import pandas as pd

CUT = judged(
    "buying.cut", 50.0, 40.0, 60.0, "number",
    say("An index of buying logic leans to its other side from here on."),
)  # fmt: skip
MARGIN = judged(
    "buying.margin", 5.0, 2.0, 10.0, "number",
    say("So far from the cut an index must be for the customer to be decided."),
)  # fmt: skip
#: Per index, what is said of a customer below and above the cut.
SIDES = {
    "customised": ("standard", "customised"),
    "collaboration": ("unwilling", "willing"),
    "logic": ("transactional", "consultative"),
    "today": ("traditional", "complex"),
}
UNDECIDED = "undecided"
#: Which item of ``needs`` speaks of which index, and whether it speaks against it.
ITEMS = {**{name: (name, 1) for name in INDICES}, "standard": ("customised", -1)}
_FEWEST_ITEMS = judged(
    "buying.fewest_items", 3, 2, 5, "count",
    say("What a customer wants is told from so many answers on."), table="needs",
)  # fmt: skip
FEWEST_SIGNS = judged(
    "buying.fewest_signs", 2, 1, 3, "count",
    say("What decides a purchase is told from so many signs on."),
)  # fmt: skip


def scaled(values: pd.Series[float], none: float, full: float) -> pd.Series[float]:
    """A sign as 0 to 100 between its anchors.

    Examples
    --------
    >>> import pandas as pd
    >>> scaled(pd.Series([0.0, 0.1, 0.9]), 0, 0.25).tolist()
    [0.0, 40.0, 100.0]
    """
    return ((values - none) / (full - none)).clip(0, 1) * 100


def span(
    signs: pd.DataFrame, applies: pd.DataFrame, indicators: Sequence[Indicator], fewest: int = 1
) -> pd.DataFrame:
    """The lowest and highest an index can be: a sign the records do not tell may be 0 or 100.

    Parameters
    ----------
    fewest
        An index takes so many signs; those that the records lack are not told either.

    Returns
    -------
    DataFrame
        ``low`` and ``high``: 0 and 100 where nothing is told; and how many ``signs`` are told.
    """
    import pandas as pd

    above, open_, whole, count = (pd.Series(0.0, index=signs.index) for _ in range(4))
    for one in indicators:
        weight = one.weight * applies[one.id]
        told = scaled(signs[one.id], one.none, one.full)
        above += weight * told.fillna(0)
        open_ += weight * told.isna() * 100
        whole += weight
        count += (weight > 0) & told.notna()
    lacking = (fewest - count).clip(lower=0)
    open_, whole = open_ + 100 * lacking, whole + lacking
    known = whole.where(whole > 0)
    low, high = (above / known).fillna(0), ((above + open_) / known).fillna(100)
    return pd.DataFrame({"low": low, "high": high}).round(6).assign(signs=count)


def side(spans: pd.DataFrame, below: str, above: str) -> pd.Series[str]:
    """On which side of the cut a span lies as a whole; undecided where it crosses."""
    import pandas as pd

    found = pd.Series(UNDECIDED, index=spans.index)
    found[spans["high"] <= CUT - MARGIN] = below
    found[spans["low"] >= CUT + MARGIN] = above
    return found


def decider(spans: Mapping[str, pd.DataFrame]) -> pd.Series[str]:
    """What decides a purchase: the index above both others even at its lowest, by two signs."""
    import pandas as pd

    names = ("price", "performance", "delivery")
    found = pd.Series(UNDECIDED, index=spans["price"].index)
    for name in names:
        others = pd.concat([spans[one]["high"] for one in names if one != name], axis=1)
        leads = spans[name]["low"] >= others.max(axis=1) + MARGIN
        found[leads & (spans[name]["signs"] >= FEWEST_SIGNS)] = name
    return found


def logic(spans: Mapping[str, pd.DataFrame], weights: Mapping[str, float]) -> pd.DataFrame:
    """0 is transactional, 100 consultative: performance over price, customised, collaboration."""
    import pandas as pd

    price, performance = spans["price"], spans["performance"]
    first = {
        "low": 50 + (performance["low"] - price["high"]) / 2,
        "high": 50 + (performance["high"] - price["low"]) / 2,
    }
    others = (spans[name][["low", "high"]] for name in ("customised", "collaboration"))
    parts = [pd.DataFrame(first), *others]
    shares = [weights.get(name, 1.0) for name in ("price", "customised", "collaboration")]
    whole = sum(shares)
    if not whole:
        return pd.DataFrame({"low": 0.0, "high": 100.0}, index=price.index)
    weighed = [part * (share / whole) for part, share in zip(parts, shares, strict=True)]
    return weighed[0] + weighed[1] + weighed[2]


def stated(scores: pd.DataFrame, ends: tuple[float, float]) -> pd.DataFrame:
    """What was asked as indices: 50 is the rated customer's own average over all items.

    Who finds everything important says nothing of what decides; so each score is held against the
    same rater's others of that customer. Below three items nothing is said.

    Parameters
    ----------
    scores
        ``needs`` of one rater, or of several that agree.
    ends
        The lowest and the highest score.
    """
    import pandas as pd

    wide = scores.pivot_table(index=["customer_id", "rater"], columns="item", values="score")
    wide = wide[wide.notna().sum(axis=1) >= _FEWEST_ITEMS]
    leaning = wide.sub(wide.mean(axis=1), axis=0) / (ends[1] - ends[0] or 1) * 100
    made = {}
    for index in INDICES:
        signs = {item: sign for item, (of, sign) in ITEMS.items() if of == index}
        if own := [leaning[item] * sign for item, sign in signs.items() if item in leaning]:
            made[index] = (50 + pd.concat(own, axis=1).mean(axis=1)).clip(0, 100)
    frame = pd.DataFrame(made, index=wide.index).groupby("customer_id").mean()
    return frame.reindex(columns=list(INDICES)).round(6)


def joined(now: pd.DataFrame, wish: pd.Series[float], weight: float) -> pd.DataFrame:
    """Current behaviour and stated wish as one span; where nothing was stated, behaviour alone."""
    import pandas as pd

    told = pd.DataFrame({end: (now[end] + weight * wish) / (1 + weight) for end in ("low", "high")})
    signs = now["signs"] + FEWEST_SIGNS * wish.notna() * (weight > 0)  # who is asked decides alone
    return told.fillna(now[["low", "high"]]).round(6).assign(signs=signs)
