"""Documentation that cannot drift, because a test reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from segkit import engagement

ROOT = Path(__file__).parents[2]
MODELS = [
    engagement.Engagement, engagement.Source, engagement.Segmentation, engagement.Assumption,
    engagement.Targets, engagement.Privacy, engagement.AcceptedGap, engagement.Control,
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_the_engagement_is_documented(model: type[BaseModel]) -> None:
    page = (ROOT / "docs" / "engagement.md").read_text("utf-8")
    hidden = {"folder", "overrides", "questions", "sources", "raw", "controls", "segmentation"}
    keys = [key for key in model.model_fields if key not in hidden]
    assert [key for key in keys if key not in page] == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text("utf-8")
    assert [p.name for p in folder.glob("0*.md") if f"({p.name})" not in index] == []
