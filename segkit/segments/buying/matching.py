"""The way of selling that a buying logic calls for, beside the way it is sold to today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.evidence import judged
from segkit.language import say
from segkit.segments.buying.indices import UNDECIDED

if TYPE_CHECKING:
    import pandas as pd

HIGH_POTENTIAL = judged(
    "buying.high_potential", 1 / 3, 0.2, 0.5, "share",
    say("So large a part of customers, by net revenue, can carry a complex sale."),
)  # fmt: skip


def can_carry(revenue: pd.Series[int], part: float = HIGH_POTENTIAL) -> pd.Series[bool]:
    """Whether a customer buys enough for a complex sale to pay; equal customers alike."""
    edge = revenue.quantile(1 - part, interpolation="higher") if len(revenue) else 0
    return (revenue >= edge) & (revenue > 0)


def called_for(
    logic: pd.Series[str], offer: pd.Series[str], large: pd.Series[bool]
) -> pd.Series[str]:
    """The sale that a customer calls for: buying logic, times complexity, times potential.

    A complex sale takes all three: a customer that buys by advice, something that is made for it,
    and enough of it. Whatever lacks one for certain is sold to in the traditional way.
    """
    import pandas as pd

    found = pd.Series(UNDECIDED, index=logic.index)
    found[(logic == "consultative") & (offer == "customised") & large] = "complex"
    found[(logic == "transactional") | (offer == "standard") | ~large] = "traditional"
    return found


def mismatch(needed: pd.Series[str], today: pd.Series[str]) -> pd.Series[str]:
    """``over`` sold to by a complex sale without need, ``under`` the other way; or ``unknown``."""
    import pandas as pd

    found = pd.Series("unknown", index=needed.index)
    found[(needed == today) & (needed != UNDECIDED)] = "match"
    found[(needed == "traditional") & (today == "complex")] = "over"
    found[(needed == "complex") & (today == "traditional")] = "under"
    return found
