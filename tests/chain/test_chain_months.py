"""A year of months by frozen segments: who is stable stays, who changes is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit import recipes
from segkit.behaviour import behaviour_table
from segkit.engagement import Engagement, months_before, read_engagement
from segkit.engine import Engine
from segkit.flow.frozen import write_definitions
from segkit.frozen import read_frozen
from segkit.segments import clusters, segments
from segkit.segments.clusters import try_numbers
from segkit.segments.identity.scoring import near_a_cut, placed, readable, settled
from segkit.store import as_frame

FROM, TO = date(2025, 3, 31), date(2026, 3, 31)
#: So that a year later nothing of the behaviour before is left in the window.
TRIAL = ("window_months=12", *(f"segmentation.{name}=6" for name in ("k", "k_min", "k_max")))


@dataclass
class Client:
    """What the recipe of segments is given, and a store of what it made."""

    engagement: Engagement
    tables: dict[str, pd.DataFrame]

    def table(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    frame = table

    def query(self, _: str) -> pd.DataFrame:
        return pd.DataFrame({"prefix": [], "name": []})


@dataclass
class Year:
    """By customer (rows) and month end (columns): the rule's segment, and where each stands."""

    by_rule: pd.DataFrame
    held: pd.DataFrame
    was_near: pd.Series
    swapped: dict[str, str]
    truth: pd.DataFrame

    def stable(self) -> list[str]:
        """Planted with one way of buying, on which nothing was done, active throughout."""
        steady = self.truth.index[~self.truth["is_decliner"]]
        there = self.by_rule.index[self.by_rule.notna().all(axis=1)]
        return [one for one in steady if one in there and one not in self.swapped]


@pytest.fixture(scope="module")
def year(demo_client: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    folder = tmp_path_factory.mktemp("months")
    truth = pd.read_csv(demo_client / "truth" / "customers.csv", dtype={"customer_id": str})
    truth = truth.set_index("customer_id")
    with pytest.MonkeyPatch.context() as patch, Engine() as engine:
        patch.setenv("SEGKIT_REPORTS", str(folder))
        patch.setattr(clusters, "try_numbers", partial(try_numbers, resamples=20, draws=10))
        store = recipes.open_store(read_engagement(demo_client, TRIAL))
        for name in ("customers", "products"):
            engine.register(name, store.path(name))
        known = partial(_known, engine, store.engagement)
        start = known(store.path("order_lines"), FROM)
        agreed = store.engagement.model_copy(update={"as_of": FROM, "folder": folder})
        made = segments(Client(agreed, {"behaviour": start}))  # type: ignore[arg-type]
        write_definitions(Client(agreed, made))  # type: ignore[arg-type]
        frozen = read_frozen(folder)
        assert frozen is not None
        first = made["segments"].set_index("customer_id")
        swapped = _pairs(truth, first)
        lines = store.frame("order_lines")
        late = lines["order_date"] > pd.Timestamp(FROM)
        lines.loc[late, "customer_id"] = lines.loc[late, "customer_id"].replace(swapped)
        lines.to_parquet(folder / "lines.parquet")
        periods, standing = [], []
        for months in range(12, -1, -1):
            own = frozen.segments
            behaviour = known(folder / "lines.parquet", months_before(TO, months))
            read = readable(behaviour, own).set_index("customer_id", drop=False)
            near = pd.Series(near_a_cut(read, own), index=read.index)
            periods.append((placed(read, own), near))
            standing.append(settled(periods))
    by_rule = pd.concat([one for one, _ in periods], axis=1)
    yield Year(by_rule, pd.concat(standing, axis=1), periods[0][1], swapped, truth)


def _known(engine: Engine, agreed: Engagement, lines: Path, day: date) -> pd.DataFrame:
    """Behaviour as of a day, from the order lines as they are typed."""
    then = agreed.model_copy(update={"as_of": day})
    engine.define(
        "order_lines",
        f"""SELECT * REPLACE (
            CASE WHEN order_date > DATE '{day}' THEN 'after_as_of'
                 WHEN order_date > DATE '{then.window_start}' THEN 'in_window'
                 ELSE 'before_window' END AS period) FROM read_parquet('{lines}')""",
    )
    return behaviour_table(lambda sql: as_frame(engine.query(sql)), then)


def _pairs(truth: pd.DataFrame, first: pd.DataFrame) -> dict[str, str]:
    """Thirty pairs of unlike customers, clear of any border, who exchange what they order."""
    clear = set(first.index[~first["is_border"]])
    kinds = [
        [one for one in truth.index[truth["true_type"] == kind] if one in clear][:60]
        for kind in ("web_specialist", "weekly_chain")
    ]
    unlike = [
        pair
        for pair in zip(*kinds, strict=False)
        if first.loc[pair[0], "segment_id"] != first.loc[pair[1], "segment_id"]
    ][:30]
    return {one: other for a, b in unlike for one, other in ((a, b), (b, a))}


def test_planted_stable_customers_keep_their_segment(year: Year) -> None:
    stable = year.stable()
    held = year.held.loc[stable].to_numpy()
    clear = ~year.was_near.reindex(stable).to_numpy(bool)
    a_month = float((held[:, 1:] == held[:, :-1]).mean())
    throughout = (held == held[:, :1]).all(axis=1)
    print(
        f"{len(stable)} stable customers: {a_month:.1%} keep their segment in a month, "
        f"{throughout.mean():.1%} throughout the year, {throughout[clear].mean():.1%} of the "
        f"{clear.sum()} who began clear of a cut"
    )
    assert len(stable) > 1_500
    assert a_month >= 0.98
    assert throughout[clear].mean() >= 0.90


def test_hysteresis_leaves_few_who_flip_and_come_back(year: Year) -> None:
    stable = year.stable()

    def flips(frame: pd.DataFrame) -> int:
        own = frame.loc[stable].to_numpy()
        return int(np.sum((own[:, :-2] == own[:, 2:]) & (own[:, :-2] != own[:, 1:-1])))

    print(f"gone for a month and back: {flips(year.by_rule)} by the rule, {flips(year.held)} held")
    assert flips(year.held) < 0.25 * flips(year.by_rule)


def test_planted_movers_are_found_in_the_segment_they_moved_to(year: Year) -> None:
    first, last = year.held.iloc[:, 0], year.held.iloc[:, -1]
    moved = [last[one] != first[one] for one in year.swapped]
    arrived = [last[one] == first[other] for one, other in year.swapped.items()]
    print(f"{np.sum(moved)} of {len(moved)} movers are found, {np.sum(arrived)} where they went")
    assert len(moved) == 60
    assert np.mean(moved) >= 0.95
    assert np.mean(arrived) >= 0.90
