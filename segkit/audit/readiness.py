"""What the records at hand can and cannot answer: the ladder of degradation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segkit.audit.base import ONE_YEAR, TWO_YEARS, years_of_history
from segkit.evidence import judged
from segkit.language import Message, say

if TYPE_CHECKING:
    from segkit.workbook import Workbook

FILLED = judged(
    "audit.filled", 0.95, 0.9, 0.99, "share",
    say("A column that is filled to this part answers for the whole."),
)  # fmt: skip


@dataclass(frozen=True)
class Rung:
    """One kind of question and the records it needs.

    Attributes
    ----------
    needs
        Each is met by any one of its alternatives.
    """

    answers: Message
    needs: tuple[tuple[Message, frozenset[str]], ...]
    adds: Message

    def missing(self, have: Collection[str]) -> tuple[Message, ...]:
        """What would have to be given."""
        return tuple(name for name, ways in self.needs if not ways & set(have))


def _need(name: Message, *ways: str) -> tuple[Message, frozenset[str]]:
    return name, frozenset(ways)


#: From order lines alone to what a full set of records answers.
LADDER = (
    Rung(
        say("Who buys what, how often, and which customers resemble each other"),
        (_need(say("twelve months of order lines with customers"), "a_year"),),
        say("segments, concentration, base forecast"),
    ),
    Rung(
        say("How this year compares with the one before"),
        (_need(say("two years of order lines"), "two_years"),),
        say("customers lost and won, trends, a back-tested forecast"),
    ),
    Rung(
        say("Which customers earn a gross margin"),
        (_need(say("a cost for each order line or product"), "cost"),),
        say("gross margin by customer, segment and channel"),
    ),
    Rung(
        say("What discounts cost"),
        (_need(say("list prices or discounts on the order lines"), "discount"),),
        say("discount depth by customer and seller"),
    ),
    Rung(
        say("What it costs to serve a customer"),
        (
            _need(say("resources"), "resources"),
            _need(say("activities with minutes"), "activities"),
            _need(say("product costs"), "cost"),
        ),
        say("cost to serve, contribution, unused capacity"),
    ),
    Rung(
        say("Whether visits go where the value is"),
        (_need(say("visits"), "visits"),),
        say("visits beside value and the call plan; cause only from a test"),
    ),
    Rung(
        say("How each team does against its quota"),
        (_need(say("reps"), "reps"), _need(say("quotas"), "quotas")),
        say("attainment and targets by team"),
    ),
    Rung(
        say("Which offers turn into orders"),
        (_need(say("quotes"), "quotes"),),
        say("hit rates and time to a decision"),
    ),
    Rung(
        say("Why customers buy"),
        (_need(say("needs, asked of customers or sellers"), "needs"),),
        say("buying logic beside behaviour"),
    ),
)


def ladder(book: Workbook) -> list[tuple[Rung, tuple[Message, ...]]]:
    """Each rung with what the records of an engagement still lack."""
    lines = book.table("line_checks").set_index("check_name")["lines"]
    counts = book.table("line_counts").iloc[0]
    years = years_of_history(counts["first_date"].date(), book.engagement.as_of)
    filled = {name: lines[f"with_{name}"] / lines["accepted"] for name in ("cost", "discount")}
    return rungs(at_hand({*book.engagement.sources}, years, filled))


def rungs(have: Collection[str]) -> list[tuple[Rung, tuple[Message, ...]]]:
    """Each rung with what it still lacks."""
    return [(rung, rung.missing(have)) for rung in LADDER]


def at_hand(tables: Collection[str], years: float, filled: Mapping[str, float]) -> set[str]:
    """What the client gave, in the words of the ladder.

    Parameters
    ----------
    years
        Years of order lines up to the as-of date.
    filled
        Share of order lines that carry a ``cost`` or a ``discount``.
    """
    spans = {"a_year": years >= ONE_YEAR, "two_years": years >= TWO_YEARS}
    columns = {name: share >= FILLED for name, share in filled.items()}
    return {*tables, *(name for name, is_so in {**spans, **columns}.items() if is_so)}
