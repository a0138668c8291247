"""Who entered and who left an agreed group since the earlier run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segkit.exhibits import Column, Exhibit, Note
from segkit.language import Message, say

if TYPE_CHECKING:
    import pandas as pd

    from segkit.changes.earlier import Earlier

_MOVED = {"entered": say("entered"), "left": say("left")}
_HEADS = {
    "group": (say("Group"), "message"),
    "then": (say("Customers then"), "customers"),
    "now": (say("Customers now"), "customers"),
    "entered": (say("Entered"), "customers"),
    "left": (say("Left"), "customers"),
    "rule": (say("Rule"), "message"),
    "who": (say("Customer"), "text"),
    "move": (say("What happened"), "message"),
    "money": (say("Net revenue"), "money"),
}


def groups(both: Earlier | None) -> None:
    """Each agreed group then and now, and the customers who entered or left it."""
    if both is None or not both.has("memberships") or not both.has("group_definitions"):
        return
    counted = both.query(
        """
        WITH moves AS (
            SELECT coalesce(one.group_id, was.group_id) AS group_id,
                count(one.customer_id) AS now, count(was.customer_id) AS "then",
                count(*) FILTER (was.customer_id IS NULL) AS entered,
                count(*) FILTER (one.customer_id IS NULL) AS "left"
            FROM memberships AS one FULL JOIN then_memberships AS was
                ON one.customer_id = was.customer_id AND one.group_id = was.group_id GROUP BY 1
        )
        SELECT d.group_id, coalesce(m.now, 0) AS now, coalesce(m."then", 0) AS "then",
            coalesce(m.entered, 0) AS entered, coalesce(m."left", 0) AS "left",
            d.rule = w.rule AS is_same
        FROM group_definitions AS d JOIN then_group_definitions AS w USING (group_id)
            LEFT JOIN moves AS m USING (group_id)
        ORDER BY d.group_id
        """,
        "memberships",
        "group_definitions",
    )
    if counted.empty:
        both.book.show(Note(say("No agreed group is in both reports.")))
        return
    moved = counted[counted["is_same"]]
    told = {
        move: both.book.figure(
            f"changes.groups.{move}", int(moved[move].sum()), "count", source=("memberships",)
        )
        for move in _MOVED
    }
    defined = both.book.table("group_definitions")
    names = dict(zip(defined["group_id"], defined["name"], strict=True))
    rule = {True: say("as it was"), False: say("changed: moves are the rule's, not the customers'")}
    frame = counted.assign(
        group=_messages([names[id] for id in counted["group_id"]]),
        rule=_messages([rule[bool(one)] for one in counted["is_same"]]),
    )
    both.book.show(
        _exhibit(
            both, "groups", (
                say("Entries into agreed groups since the earlier report: {entered}; exits: {left}",
                    **told),
                int(moved[["entered", "left"]].to_numpy().sum()) > 0,
                say("Nobody entered or left an agreed group whose rule is as it was"),
            ),
            say("Customers of each agreed group, this run and the earlier"),
            frame, "group then now entered left rule",
        )
    )  # fmt: skip
    _list(both, names)


def _list(both: Earlier, names: dict[str, Message]) -> None:
    """The customers who moved, the largest first."""
    found = both.query(
        """
        SELECT coalesce(one.group_id, was.group_id) AS group_id,
            coalesce(c.name, one.customer_id, was.customer_id) AS who,
            CASE WHEN was.customer_id IS NULL THEN 'entered' ELSE 'left' END AS move,
            coalesce(t.net_revenue, 0) AS net_revenue
        FROM memberships AS one FULL JOIN then_memberships AS was
            ON one.customer_id = was.customer_id AND one.group_id = was.group_id
            JOIN group_definitions AS d ON d.group_id = coalesce(one.group_id, was.group_id)
            JOIN then_group_definitions AS w ON w.group_id = d.group_id AND w.rule = d.rule
            LEFT JOIN customers AS c ON c.customer_id = coalesce(one.customer_id, was.customer_id)
            LEFT JOIN customer_totals AS t
                ON t.customer_id = coalesce(one.customer_id, was.customer_id)
        WHERE one.customer_id IS NULL OR was.customer_id IS NULL
        ORDER BY 4 DESC, coalesce(one.customer_id, was.customer_id), 1 LIMIT 500
        """,
        "memberships",
        "group_definitions",
        "customers",
        "customer_totals",
    )
    if found.empty:
        return
    frame = found.assign(
        money=both.book.money(found["net_revenue"]),
        group=_messages([names[id] for id in found["group_id"]]),
        move=_messages([_MOVED[one] for one in found["move"]]),
    )
    few = len(frame) <= 100
    both.book.show(
        _exhibit(
            both, "group_moves", (
                say("Each customer who entered or left an agreed group can be looked at"), few,
                say("The largest customers who entered or left an agreed group"),
            ),
            say("Who entered or left an agreed group since the earlier report, by net revenue"),
            frame, "who group move money", rows_shown=20,
        )
    )  # fmt: skip


def _messages(told: list[Message]) -> Any:
    import numpy as np

    return np.array(told, dtype=object)


def _exhibit(
    both: Earlier,
    id: str,
    titles: tuple[Message, bool, Message],
    subtitle: Message,
    data: pd.DataFrame,
    columns: str,
    **more: Any,
) -> Exhibit:
    claim, holds, otherwise = titles
    shown = tuple(
        Column(name, _HEADS[name][0], both.book.currency if name == "money" else _HEADS[name][1])
        for name in columns.split()
    )
    return Exhibit(
        f"changes.{id}", claim, holds, otherwise, subtitle, data, shown, ("memberships",),
        both.book.engagement.as_of, **more,
    )  # fmt: skip
