"""What customers are compared by: which columns, on what scale, in which block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from segkit.evidence import judged
from segkit.language import Message, client_word, say, term
from segkit.measures import Unit, measure

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

_KNOWN = judged(
    "segments.known", 0.8, 0.6, 0.95, "share",
    say("A trait is left out when it is known of a smaller part of the customers."),
)  # fmt: skip
_CUSTOMERS_A_BLOCK = judged(
    "segments.customers_a_trait", 70, 50, 100, "customers",
    say("Each trait that clusters rest on needs so many customers."),
)  # fmt: skip
_COPY = judged(
    "segments.copy", 0.8, 0.7, 0.9, "share",
    say("Of two traits with a higher correlation one is left out."),
)  # fmt: skip
_CHANNELS = {
    "field": say("field"),
    "inside": say("inside-sales"),
    "web": say("web"),
    "edi": say("EDI"),
    "distributor": say("distributor"),
}


@dataclass(frozen=True)
class Feature:
    """One column of ``behaviour`` as something customers differ in.

    Attributes
    ----------
    unit
        How its values are written; money is minor units in the table.
    scale
        ``log`` for what grows by factors.
    high, low
        The word for a segment that is far above or below the others.
    """

    column: str
    label: Message
    unit: Unit
    scale: Literal["log", "plain"] = "plain"
    high: Message | None = None
    low: Message | None = None


#: In order of importance: small bases use the first few.
FEATURES: tuple[Feature, ...] = (
    Feature("orders_per_month", say("orders a month"), "rate", "log"),
    Feature(
        "order_value", say("order value"), "money", "log", say("large-order"), say("small-order")
    ),
    Feature(
        "breadth_rarefied", say("breadth"), "rate", "plain", say("wide-range"), say("narrow-range")
    ),
    Feature(
        "trend", say("revenue trend a quarter"), "share", "plain", say("growing"), say("fading")
    ),
    Feature(
        "lines_per_order", say("lines an order"), "rate", "log", say("big-basket"), say("few-line")
    ),
    Feature(
        "discount_share", say("discount"), "share", "plain", say("discounted"), say("list-price")
    ),
    Feature(
        "gap_cv", say("variation of order gaps"), "rate", "plain", say("irregular"), say("regular")
    ),
)
#: Told, and named where it tells two segments apart; how long one has bought is no way of buying.
TENURE = Feature(
    "tenure_days", say("days since the first order"), "days", "plain",
    say("long-standing"), say("recent"),
)  # fmt: skip
#: Columns of shares that make one block each, and the counts they are shares of.
SHARE_BLOCKS = (("share_channel_", "orders"), ("share_category_", "lines"))
#: Sizes, and what sellers do themselves, are not how a customer buys.
_IN_RULES = (
    "orders_per_month",
    "order_value",
    "lines_per_order",
    "trend",
    "discount_share",
    "return_share",
    "categories",
    "products",
    "gap_cv",
)


def feature(column: str, names: Mapping[str, Message] | None = None) -> Feature:
    """The feature of a column; a share is called as the client calls its category."""
    known = next((one for one in (*FEATURES, TENURE) if one.column == column), None)
    if known:
        return known
    told = measure(column)
    if told and not told.is_family:
        return Feature(column, told.label, told.unit)
    kind, _, key = column.removeprefix("share_").partition("_")
    called = (names or {}).get(column) or term(key)
    if kind == "channel":
        word = _CHANNELS.get(key, called)
        return Feature(column, say("{channel} share of orders", channel=word), "share", high=word)
    return Feature(column, say("{category} share of lines", category=called), "share", high=called)


def within(name: str, words: Mapping[str, Mapping[str, str]]) -> Message:
    """A client's word as it stands within a sentence: body care, but SPF."""
    return client_word(name.lower() if name[1:].islower() else name, words)


def share_columns(behaviour: pd.DataFrame, prefix: str) -> list[str]:
    """The columns of one block of shares in which customers differ."""
    columns = [name for name in map(str, behaviour) if name.startswith(prefix)]
    return [name for name in columns if behaviour[name].fillna(0).std(ddof=0) > 0]


def rule_columns(behaviour: pd.DataFrame) -> list[str]:
    """The columns that rules may be written in for these customers."""
    shares = [
        name
        for prefix, _ in SHARE_BLOCKS
        for name in share_columns(behaviour, prefix)
        if not name.endswith("_other")
    ]
    kept = [
        name for name in _IN_RULES if name in behaviour and behaviour[name].notna().mean() > _KNOWN
    ]
    return [*kept, *shares]


def rule_values(behaviour: pd.DataFrame, column: str) -> Floats:
    """A column as rules read it: what is not known (a trend of a new customer) counts as zero."""
    import numpy as np

    return np.asarray(behaviour[column].astype("float64").fillna(0.0), np.float64)


def matrix(behaviour: pd.DataFrame) -> tuple[Floats, tuple[str, ...]]:
    """Customers as points: winsorised, logged, each block with a variance of one.

    Returns
    -------
    tuple
        One row per customer, and the names of the blocks that were used.
    """
    import numpy as np

    room = max(len(behaviour) // _CUSTOMERS_A_BLOCK, 3)
    made: dict[str, Floats] = {}
    for name, values in _blocks(behaviour).items():
        copies = [other for other in made.values() if _is_copy(values, other)]
        if not copies and len(made) < room:
            made[name] = values
    if not made:
        return np.zeros((len(behaviour), 0)), ()
    return np.column_stack(list(made.values())), tuple(made)


def _blocks(behaviour: pd.DataFrame) -> dict[str, Floats]:
    """Every block in order of importance, with a variance of one; constant ones are left out."""
    made = {}
    named = [(one.column, _plain(behaviour, one)) for one in FEATURES if one.column in behaviour]
    shares = [(prefix, _clr(behaviour, prefix, of)) for prefix, of in SHARE_BLOCKS]
    for name, values in (*named[:2], *shares, *named[2:]):
        if values is None:
            continue
        centred = values - values.mean(axis=0)
        variance = centred.var(axis=0).sum()
        if variance > 1e-12:
            made[name] = centred / variance**0.5
    return made


def _plain(behaviour: pd.DataFrame, one: Feature) -> Floats | None:
    """One feature winsorised at 1 and 99 %; the unknown few stand at the median."""
    import numpy as np

    known = behaviour[one.column].astype("float64")
    if known.notna().mean() < _KNOWN:
        return None
    values = np.asarray(known.fillna(known.median()), np.float64)
    if one.scale == "log":
        middle = np.median(values[values > 0]) if (values > 0).any() else 1.0
        # in hundredths of the median: the currency's size changes nothing
        values = np.log1p(100 * np.maximum(values, 0) / middle)
    return _winsorised(values)[:, None]


def _clr(behaviour: pd.DataFrame, prefix: str, of: str) -> Floats | None:
    """Shares as centred log ratios, half a count added to each."""
    import numpy as np

    columns = share_columns(behaviour, prefix)
    if len(columns) < 2:
        return None
    totals = behaviour[of].to_numpy(np.float64)[:, None]
    logs = np.log(behaviour[columns].fillna(0.0).to_numpy(np.float64) * totals + 0.5)
    ratios = logs - logs.mean(axis=1, keepdims=True)
    return np.column_stack([_winsorised(column) for column in ratios.T])


def _winsorised(values: Floats) -> Floats:
    import numpy as np

    return np.clip(values, *np.quantile(values, [0.01, 0.99]))


def _is_copy(values: Floats, other: Floats) -> bool:
    import numpy as np

    if values.shape[1] > 1 or other.shape[1] > 1:
        return False
    return bool(abs(np.corrcoef(values[:, 0], other[:, 0])[0, 1]) > _COPY)
