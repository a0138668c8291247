"""Who belongs to which group: the recipe of ``memberships`` and the tables beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from segkit.engagement import SegmentRule, months_before
from segkit.engine import failure, quoted
from segkit.errors import EngagementError
from segkit.language import Message, client_word, say
from segkit.segments.groups.compiling import PLACE, PREPARED, Words, compile_rule, names
from segkit.segments.groups.grammar import parse
from segkit.segments.groups.known import words
from segkit.segments.groups.unseen import unseen
from segkit.segments.groups.wording import in_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.store import Given

#: The segment of customers whom no rule holds for, where rules make the primary segment.
EVERYONE_ELSE = "everyone_else"


def memberships(given: Given) -> dict[str, pd.DataFrame]:
    """The recipe of ``memberships`` and the tables beside it, computed anew each time.

    Returns
    -------
    dict
        ``memberships``: customer_id, group_id, as_of; a customer is in any number of groups.
        ``group_definitions``: one row per rule, in the order of the engagement file: group_id,
        name, rule, in_words, customers, active_customers, net_revenue (of the window),
        is_dated: whether the rule can be asked for an earlier day, and unseen: a word of the
        rule that no record says.
        ``group_moves``: customer_id, group_id, move (entered or left): beside the same rules a
        month earlier, on the same records. Rules over columns of ``behaviour`` have none, since
        that table is made for one day.
    """
    import numpy as np
    import pandas as pd

    _refuse_twins(given.engagement.segment_rules)
    known, rules = words(given), given.engagement.segment_rules
    known = prepared(rules, given, known) if rules else known
    before = replace(known, as_of=months_before(known.as_of, 1))
    revenue = given.table("behaviour").set_index("customer_id")["net_revenue"]
    found, moves, told = [], [], []
    for rule in rules:
        own = members(rule, given, known)
        is_dated = not _names_behaviour(rule, known)
        then = members(rule, given, before) if is_dated else own
        found.append(_rows(rule.id, own))
        for move, who in (
            ("entered", np.setdiff1d(own, then)),
            ("left", np.setdiff1d(then, own)),
        ):
            moves.append(_rows(rule.id, who).assign(move=move))
        active = revenue.reindex(own).dropna()
        told.append(
            {
                "group_id": rule.id,
                "name": client_word(rule.name, given.engagement.own_words),
                "rule": rule.where,
                "in_words": in_words(rule.where, known, given.engagement),
                "customers": len(own),
                "active_customers": len(active),
                "net_revenue": int(active.sum()),
                "is_dated": is_dated,
                "unseen": unseen(rule.where, given, known),
            }
        )
    none = _rows("", np.array([], dtype=object))
    together = pd.concat([none, *found], ignore_index=True)
    return {
        "memberships": together.assign(as_of=given.engagement.as_of),
        "group_definitions": pd.DataFrame(told, columns=list(_DEFINED)).astype(_DEFINED),
        "group_moves": pd.concat([none.assign(move=""), *moves], ignore_index=True),
    }


_DEFINED = {
    "group_id": "str", "name": "object", "rule": "str", "in_words": "object",
    "customers": "int64", "active_customers": "int64", "net_revenue": "int64", "is_dated": "bool",
    "unseen": "object",
}  # fmt: skip


def _refuse_twins(rules: Sequence[SegmentRule]) -> None:
    ids = [EVERYONE_ELSE, *(one.id for one in rules)]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        said = "is ours" if twice[0] == EVERYONE_ELSE else "is there twice"
        raise EngagementError(
            f"The id {twice[0]} of a segment rule {said}.\nFix: give each rule an id of its own."
        )


def prepared(rules: Sequence[SegmentRule], given: Given, known: Words) -> Words:
    """Number the customers, and keep of the lines what the rules ask, with that number."""
    asked = " ".join(_compiled(rule, known) for rule in rules)
    used = {name.strip('"') for name in re.findall(r'\bl\.("[^"]+"|\w+)', asked)}
    lines = given.arrow("SELECT * FROM order_lines LIMIT 0").column_names
    # peers are asked by the day alone
    kept = [name for name in lines if name in {*used, "order_date"} - {"customer_id"}]
    given.engine.keep(
        PREPARED["customers"],
        f"SELECT *, CAST(row_number() OVER (ORDER BY customer_id) AS INTEGER) AS {PLACE} "
        "FROM customers",
    )
    given.engine.keep(
        PREPARED["order_lines"],
        f"SELECT c.{PLACE}, {', '.join(f'l.{quoted(name)}' for name in kept)} "
        f"FROM order_lines AS l JOIN {PREPARED['customers']} AS c USING (customer_id) "
        f"WHERE l.order_date <= DATE '{known.as_of.isoformat()}'",
    )
    return replace(known, is_prepared=True)


def _compiled(rule: SegmentRule, known: Words) -> str:
    try:
        return compile_rule(rule.where, known)
    except EngagementError as error:
        raise EngagementError(f"Segment rule {rule.id}. {error}") from None


def members(rule: SegmentRule, given: Given, known: Words) -> npt.NDArray[np.object_]:
    """The ids of the customers whom a rule holds for, in order."""
    try:
        found = given.query(_compiled(rule, known))
    except failure("OutOfRangeException"):
        raise EngagementError(
            f"Segment rule {rule.id} reckons with larger numbers than 38 digits hold.\n"
            "Fix: multiply less."
        ) from None
    return found["customer_id"].to_numpy(object)


def _names_behaviour(rule: SegmentRule, known: Words) -> bool:
    used = (known.attributes.get(name) for name in names(parse(rule.where)))
    return any(one is not None and one.sql.startswith("b.") for one in used)


def _rows(id: str, who: npt.NDArray[np.object_]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"customer_id": pd.Series(who, dtype="str"), "group_id": id}).astype("str")


@dataclass(frozen=True)
class Primary:
    """Segments by the client's rules, in the order in which they are tried.

    Attributes
    ----------
    labels
        Each customer's place in that order: the first rule that holds wins.
    ids, names, rules, descriptions
        One per segment that has a customer; the last one is everyone else.
    """

    labels: npt.NDArray[np.int64]
    ids: list[str]
    names: list[Message]
    rules: list[Message]
    descriptions: list[Message]


def primary_by_rules(
    customer_ids: pd.Series[str], memberships: pd.DataFrame, definitions: pd.DataFrame
) -> Primary:
    """One segment for each customer: the first of the rules, in the file's order, that holds.

    Parameters
    ----------
    memberships, definitions
        The tables ``memberships`` and ``group_definitions``.
    """
    import numpy as np

    given = definitions.to_dict("records")
    place = {one["group_id"]: n for n, one in enumerate(given)}
    first = memberships["group_id"].map(place).groupby(memberships["customer_id"]).min()
    labels = customer_ids.map(first).fillna(len(given)).to_numpy("int64")
    kept = [n for n in range(len(given) + 1) if (labels == n).any()]
    rows = [given[n] for n in kept if n < len(given)]
    made = Primary(
        np.searchsorted(kept, labels),
        [one["group_id"] for one in rows],
        [one["name"] for one in rows],
        [one["in_words"] for one in rows],
        [say("the first of the agreed rules that holds for them")] * len(rows),
    )
    if len(given) not in kept:
        return made
    return Primary(
        made.labels,
        [*made.ids, EVERYONE_ELSE],
        [*made.names, say("Everyone else")],
        [*made.rules, say("none of the rules above holds")],
        [*made.descriptions, say("customers whom none of the agreed rules holds for")],
    )
