"""The segments as they are defined today, in a file beside the engagement's."""

from __future__ import annotations

import json
from pathlib import Path

from segkit.flow.plan import write
from segkit.store import Store


def write_definitions(store: Store) -> Path:
    """Write ``segments.json``: name and rule by language, and size; amounts in minor units."""
    agreed = store.engagement
    definitions = store.frame("segment_definitions").sort_values("segment_id")
    for column in ("name", "rule", "description"):
        definitions[column] = definitions[column].map(
            lambda one: {language: one.in_language(language) for language in agreed.languages}
        )
    told = {
        "client": agreed.client,
        "as_of": agreed.as_of.isoformat(),
        "window_months": agreed.window_months,
        "currency": agreed.currency,
        "segments": json.loads(definitions.to_json(orient="records", date_format="iso")),
    }
    path = agreed.folder / "segments.json"
    write(path, told)
    return path
