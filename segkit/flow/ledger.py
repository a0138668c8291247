"""The parts that the notebooks kept, joined into one ledger whose identities hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from segkit.errors import ReconciliationError
from segkit.language import render
from segkit.workbook import Identity

Part = dict[str, Any]
_OURS = "Fix: this is a mistake in segkit; please report it."


def read_part(path: Path) -> Part:
    """One notebook's part, its numbers exact."""
    part: Part = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    return part


def as_text(told: Any) -> str:
    """`told` as JSON, its decimals as numbers; the same bytes for the same content."""
    return json.dumps(told, ensure_ascii=False, allow_nan=False, default=float, indent=1) + "\n"


def join(parts: Sequence[Part], language: str = "en") -> dict[str, Any]:
    """The ledger of a run: figures, findings by the money at stake, exhibits, identities.

    Raises
    ------
    ReconciliationError
        If two notebooks tell one figure differently, or two sums that must be equal are not.
    """
    from segkit import summary

    figures = _figures(parts)
    items = [
        {**item, "notebook": part["notebook"]}
        for part in parts
        for item in part["items"]
        if not item.get("again")
    ]
    identities = [identity for part in parts for identity in part["identities"]]
    identities += [identity.as_json() for identity in across(figures)]
    _all_hold(identities)
    ranked = summary.rank([one for one in items if one["type"] == "finding"], figures)
    return {
        "figures": figures,
        "findings": [
            {**one, "rank": place, "text": render(one["claim"], language)}
            for place, one in enumerate(ranked, start=1)
        ],
        "exhibits": [one for one in items if one["type"] == "exhibit"],
        "identities": identities,
    }


def across(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[Identity]:
    """The identities between notebooks, where both sides were told."""
    told = re.compile(r"segments\.([a-z][a-z0-9_]*)\.customers")
    named = [match[1] for id in figures if (match := told.fullmatch(id))]
    segments = [one for one in named if f"segments.{one}.net_revenue" in figures]
    needed = ("audit.customers.active", "audit.net_revenue.in_window")
    if not segments or not all(id in figures for id in needed):
        return

    def total(what: str) -> Any:
        return sum(figures[f"segments.{segment}.{what}"]["value"] for segment in segments)

    active, in_window = (figures[id]["value"] for id in needed)
    yield Identity("active customers = customers of all segments", active, total("customers"))
    unassigned = figures.get("audit.net_revenue.unassigned", {"value": 0})["value"]
    yield Identity(
        "net revenue in the window = net revenue of all segments + without a customer",
        in_window,
        total("net_revenue") + unassigned,
    )


def _figures(parts: Sequence[Part]) -> dict[str, Any]:
    told: dict[str, tuple[str, Any]] = {}
    for part in parts:
        for id, figure in part["figures"].items():
            teller, first = told.setdefault(id, (part["notebook"], figure))
            if first != figure:
                raise ReconciliationError(
                    f"Figure {id} is {first['value']} in {teller} and {figure['value']} in "
                    f"{part['notebook']}.\n{_OURS}"
                )
    return {id: figure for id, (_, figure) in told.items()}


def _all_hold(identities: Sequence[Mapping[str, Any]]) -> None:
    broken = [one for one in identities if not one["holds"]]
    if broken:
        first = broken[0]
        raise ReconciliationError(
            f"{len(broken)} of {len(identities)} identities do not hold: {first['name']}: "
            f"{first['left']:,} on the left, {first['right']:,} on the right.\n{_OURS}"
        )
