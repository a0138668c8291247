"""The segments as they are defined today, in a file beside the engagement's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segkit.flow.plan import write
from segkit.frozen import FILE, LAYOUT, Frozen
from segkit.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from segkit.language import Message


def write_definitions(store: Store) -> Path:
    """Write ``segments.json``: all that new data are scored by; amounts in minor units."""
    agreed = store.engagement
    definitions = store.frame("segment_definitions")
    centres = _centres(store.frame("segment_profiles"))
    texts = ("name", "rule", "description")
    told = {
        "layout": LAYOUT,
        "client": agreed.client,
        "as_of": agreed.as_of.isoformat(),
        "window_months": agreed.window_months,
        "currency": agreed.currency,
        "primary": agreed.segmentation.primary,
        "within": agreed.segmentation.within,
        "segments": [
            {
                "segment_id": one["segment_id"],
                "base": _base(one["base"]),
                **{name: _by_language(one[name], agreed.languages) for name in texts},
                "conditions": json.loads(one["conditions"]),
                "comes_from": one["comes_from"],
                "customers": int(one["customers"]),
                "net_revenue": int(one["net_revenue"]),
                "centre": centres.get(one["segment_id"], {}),
            }
            for one in definitions.to_dict("records")
        ],
        "scores": _scores(store.frame("rfm")),
    }
    Frozen.model_validate_json(json.dumps(told))  # what is written can be read
    path = agreed.folder / FILE
    write(path, told)
    return path


def _by_language(text: Message, languages: tuple[str, ...]) -> dict[str, str]:
    return {one: text.in_language(one) for one in dict.fromkeys((*languages, "en"))}


def _base(base: Any) -> str | None:
    return base if isinstance(base, str) else None


def _centres(profiles: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The median of each measure, by segment."""
    known = profiles[profiles["median"].notna()]
    return {
        str(id): {str(m): float(v) for m, v in zip(own["measure"], own["median"], strict=True)}
        for id, own in known.groupby("segment_id", sort=True)
    }


def _scores(scored: pd.DataFrame) -> list[dict[str, Any]]:
    """The edges of the scores, by base: the value from which on a score of 2, 3, … is given."""
    parts = scored.groupby(scored["base"].fillna(""), sort=True)
    return [
        {
            "base": str(base) or None,
            "recency_days": _edges(-own["recency_days"], own["rfm_r"], sign=-1),
            "orders": _edges(own["orders"], own["rfm_f"]),
            "net_revenue": _edges(own["net_revenue"], own["rfm_m"]),
        }
        for base, own in parts
    ]


def _edges(values: pd.Series[Any], scores: pd.Series[Any], sign: int = 1) -> list[float]:
    """The least value with at least each score; where nobody has it, one above the most."""
    above = float(values.max()) + 1
    most = int(scores.max())
    found = [values[scores >= score] for score in range(2, most + 1)]
    return [sign * (float(own.min()) if len(own) else above) for own in found]
