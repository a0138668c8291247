"""Write the demo's folder: extracts, the planted truth beside them, the engagement file."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from segkit.demo import market, service, trade, visit_log
from segkit.demo.calendar import AS_OF, COST_FROM
from segkit.demo.extracts import write_extracts

_COMMITTED = Path(__file__).parents[2] / "engagements" / "demo" / "engagement.toml"
_CATEGORY = (  # as the engagement file names them
    "Shampoo", "Hair colour", "Styling", "Face care", "Body care", "Sun care", "Hygiene",
    "Accessories", "Made to order",
)  # fmt: skip
_README = "The planted truth of the demo client. Tests compare against it; no notebook reads it.\n"


def write(folder: Path) -> Path:
    """Write the fictional client's extracts and planted truth into *folder*.

    The same bytes are written each time. Files are written beside and renamed into place, so that
    *folder* never holds half a client.

    Parameters
    ----------
    folder : where `extracts/`, `truth/` and `engagement.toml` go; it is made if it isn't there.

    Returns
    -------
    The path of the engagement file in *folder*.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        _write_into(beside)
        for part in ("extracts", "truth"):
            _swap(beside / part, folder / part, beside / f"old-{part}")
        engagement = folder / "engagement.toml"
        if not (engagement.exists() and engagement.samefile(_COMMITTED)):
            shutil.copyfile(_COMMITTED, beside / "engagement.toml")
            (beside / "engagement.toml").replace(engagement)
    finally:
        shutil.rmtree(beside)
    return engagement


def _swap(new: Path, place: Path, old: Path) -> None:
    if place.exists():
        place.replace(old)
    new.replace(place)


def _write_into(folder: Path) -> None:
    founded = market.build()
    happened = trade.simulate(founded)
    for part in ("extracts", "truth"):
        (folder / part).mkdir()
    wrong = write_extracts(folder / "extracts", founded, happened)
    _write_truth(folder / "truth", founded, happened, wrong)


def _write_truth(
    folder: Path, founded: market.Market, happened: trade.Trade, wrong: dict[str, object]
) -> None:
    bills = service.invoices(founded, happened)
    served, pools = service.true_contribution(
        founded, happened, service.events(founded, happened, bills)
    )
    people = founded.customers
    truth = pd.DataFrame(
        {
            "customer_id": people["customer_id"],
            "true_type": np.array([h.name for h in market.HABITS])[people["habit"]],
            "is_decliner": people["declines"],
            "is_loss_maker": served["contribution"] < 0,
            "true_contribution": served["contribution"],
            "revenue": served["revenue"],
            "gross_margin": served["margin"],
            "cost_to_serve": served["cost_to_serve"],
            "assortment_gap_category": np.array([*_CATEGORY, ""])[people["gap"]],
            "over_visited": people["over_visited"],
        }
    )[~people["prospect"]]
    truth.to_csv(folder / "customers.csv", index=False, lineterminator="\n")
    response = {
        "model": "orders of a month grow with (1 + min(visits, saturation)) ** elasticity",
        "elasticity": trade.ELASTICITY,
        "saturation_visits_a_month": trade.SATURATION,
        "marginal_pln_per_visit": round(happened.marginal_visit, 2),
        "over_visited": "no response at all",
    }
    history = {
        "rep_left": {
            "rep_id": founded.reps["rep_id"][trade.LEAVER],
            "vacant_from": str(trade.VACANT_FROM),
            "inherited_on": str(trade.INHERITED_ON),
            "heirs": [founded.reps["rep_id"][post] for post in trade.HEIRS],
        },
        "chain_merged": {
            "chain": market.MERGED_CHAIN,
            "into": market.MERGED_INTO,
            "on": str(market.MERGED_ON),
        },
        "price_lists_from": [str(since) for since, *_ in trade.PRICE_LISTS],
        "contribution_period": [str(COST_FROM), str(AS_OF)],
        "pools": pools.to_dict(orient="index"),
    }
    history["visit_log"] = visit_log.truth()
    for name, content in (
        ("visit_response.json", response),
        ("history.json", history),
        ("faults.json", wrong),
    ):
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / "README.md").write_text(_README, encoding="utf-8", newline="\n")
