"""The same segments next month: frozen definitions, aligned re-fits, moves, jitter and drift."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from segkit import flow
from segkit.engagement import Engagement, read_engagement
from segkit.errors import EngagementError
from segkit.exhibits.charts import svg
from segkit.flow.frozen import write_definitions
from segkit.frozen import Frozen, FrozenSegment, read_frozen
from segkit.language import render, say
from segkit.segments import segments
from segkit.segments.identity import drift, kept, moves, moves_since
from segkit.segments.identity.moves import JITTER, LEFT, MOVED, STAYED, compared
from segkit.segments.identity.scoring import near_a_cut, placed, readable, settled
from segkit.workbook import Workbook

HEAD = 'client = "Test"\nas_of = 2026-03-31\n'
LINES = '[sources.order_lines]\nfile = "a.csv"\n'


@dataclass
class Client:
    """What the recipe is given, and a store of what it made."""

    engagement: Engagement
    tables: dict[str, pd.DataFrame]

    def table(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    frame = table

    def query(self, _: str) -> pd.DataFrame:
        return pd.DataFrame({"prefix": [], "name": []})


def agreed(folder: Path, **more: object) -> Engagement:
    return Engagement(
        client="Test",
        as_of=date(2026, 3, 31),
        sources={},
        folder=folder,
        **{"segmentation": {"primary": "rfm"}, **more},  # type: ignore[arg-type]
    )


def customers(count: int = 120, seed: int = 1) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    orders = draw.integers(1, 60, count)
    return pd.DataFrame(
        {
            "customer_id": [f"K{n:04d}" for n in range(count)],
            "recency_days": draw.integers(0, 200, count),
            "orders": orders,
            "net_revenue": orders * draw.integers(1_000, 90_000, count),
        }
    )


def scored(engagement: Engagement, behaviour: pd.DataFrame, **more: pd.DataFrame) -> Client:
    tables = {"behaviour": behaviour, "behaviour_back": pd.DataFrame(), **more}
    client = Client(engagement, tables)
    client.tables |= segments(client)  # type: ignore[arg-type]
    return client


@pytest.fixture
def frozen(tmp_path: Path) -> Frozen:
    """Segments by recency, frequency and value, frozen and read again."""
    write_definitions(scored(agreed(tmp_path), customers()))  # type: ignore[arg-type]
    made = read_frozen(tmp_path)
    assert made is not None
    return made


# --- the file -------------------------------------------------------------------------------------


def test_the_same_customers_are_scored_as_they_were_when_frozen(
    frozen: Frozen, tmp_path: Path
) -> None:
    first = scored(agreed(tmp_path), customers()).tables
    again = scored(agreed(tmp_path, frozen=frozen), customers()).tables
    same = again["segments"].columns.drop("is_border")  # frozen, it is a tenth from any cut
    assert_frame_equal(again["segments"][same], first["segments"][same])
    assert_frame_equal(again["rfm"], first["rfm"])
    columns = ["segment_id", "customers", "net_revenue", "conditions"]
    assert_frame_equal(again["segment_definitions"][columns], first["segment_definitions"][columns])
    assert list(map(str, again["segment_definitions"]["name"])) == list(
        map(str, first["segment_definitions"]["name"])
    )
    assert set(again["segment_definitions"]["comes_from"]) == {"frozen"}


def test_names_that_were_agreed_in_the_file_are_the_reports(frozen: Frozen, tmp_path: Path) -> None:
    own = frozen.segments[0].model_copy(update={"name": {"en": "{Our} best", "pl": "Najlepsi"}})
    renamed = frozen.model_copy(update={"segments": (own, *frozen.segments[1:])})
    made = scored(agreed(tmp_path, frozen=renamed), customers()).tables["segment_definitions"]
    name = made["name"].iloc[0]
    assert (name.in_language("en"), name.in_language("pl")) == ("{Our} best", "Najlepsi")


def test_whom_no_frozen_rule_covers_is_in_a_stated_rest(frozen: Frozen, tmp_path: Path) -> None:
    fewer = frozen.model_copy(update={"segments": frozen.segments[:1]})
    made = scored(agreed(tmp_path, frozen=fewer), customers()).tables
    assert set(made["segments"]["segment_id"]) == {frozen.segments[0].segment_id, "unplaced"}
    assert str(made["segment_definitions"]["name"].iloc[-1]) == "Placed by no frozen rule"
    assert made["segment_definitions"]["customers"].sum() == len(customers())


def test_a_base_that_was_not_frozen_is_placed_by_no_rule(frozen: Frozen, tmp_path: Path) -> None:
    within = frozen.model_copy(update={"within": "kind"})
    agreement = agreed(tmp_path, frozen=within, segmentation={"primary": "rfm", "within": "kind"})
    kinds = customers()[["customer_id"]].assign(kind="New shops")
    made = scored(agreement, customers(), customers=kinds).tables
    assert set(made["segments"]["segment_id"]) == {"new_shops_unplaced"}
    assert (
        str(made["segment_definitions"]["name"].iloc[0]) == "Placed by no frozen rule (New shops)"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"extra": 1}, "extra: extra inputs are not permitted"),
        ({"layout": 2}, "layout: input should be 1"),
        ({"currency": 3}, "currency: input should be a valid string"),
        ({"segments": []}, "segments: tuple should have at least 1 item after validation, not 0"),
    ],
)
def test_a_file_that_a_freeze_would_not_write_is_refused(
    frozen: Frozen, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    told = json.loads((tmp_path / "segments.json").read_text("utf-8"))
    (tmp_path / "segments.json").write_text(json.dumps({**told, **change}), "utf-8")
    with pytest.raises(EngagementError) as error:
        read_frozen(tmp_path)
    assert str(error.value) == (
        f"segments.json is not as segkit freeze writes it: {said}.\n"
        "Fix: put back the file as it was agreed, or delete it and freeze anew with: "
        "segkit freeze ENGAGEMENT"
    )


def test_a_segment_defined_twice_is_refused(frozen: Frozen, tmp_path: Path) -> None:
    told = json.loads((tmp_path / "segments.json").read_text("utf-8"))
    told["segments"].append(told["segments"][0])
    (tmp_path / "segments.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(EngagementError) as error:
        read_frozen(tmp_path)
    assert str(error.value) == (
        f"segments.json defines the segment {told['segments'][0]['segment_id']} twice.\n"
        "Fix: delete one of the two."
    )


def test_a_file_frozen_under_another_agreement_is_told_with_the_way_out(
    frozen: Frozen, tmp_path: Path
) -> None:
    (tmp_path / "engagement.toml").write_text(HEAD + LINES, "utf-8")
    with pytest.raises(EngagementError) as error:
        read_engagement(tmp_path)
    assert str(error.value) == (
        "segmentation.primary is clusters, and segments.json was frozen with rfm.\n"
        "Fix: set it back, try it with --set segmentation.refit=true, or freeze anew with: "
        "segkit freeze --refit ENGAGEMENT"
    )
    trial = read_engagement(tmp_path, ("segmentation.refit=true",))
    assert trial.frozen == frozen
    assert trial.rescored_by is None


def test_what_is_frozen_is_not_frozen_over(frozen: Frozen, tmp_path: Path) -> None:
    text = HEAD + LINES + '[segmentation]\nprimary = "rfm"\n'
    (tmp_path / "engagement.toml").write_text(text, "utf-8")
    with pytest.raises(EngagementError) as error:
        flow.freeze(tmp_path)
    assert str(error.value) == (
        "segments.json is there already, frozen as of 2026-03-31.\n"
        "Fix: find segments anew, with ids kept where they match, by: "
        "segkit freeze --refit ENGAGEMENT"
    )


def test_a_rule_on_a_measure_that_is_gone_names_it(frozen: Frozen, tmp_path: Path) -> None:
    path = (("order_valu", ">=", 1.0),)
    own = frozen.segments[0].model_copy(update={"conditions": (path,)})
    behaviour = customers().assign(order_value=1.0)
    with pytest.raises(EngagementError) as error:
        readable(behaviour, [own])
    assert str(error.value) == (
        "segments.json has a rule on order_valu, which behaviour lacks. "
        "Nearest: order_value.\n"
        "Fix: give the table it is made from, or freeze anew with: segkit freeze --refit ENGAGEMENT"
    )
    web = own.model_copy(update={"conditions": ((("share_channel_web", "<", 0.5),),)})
    assert readable(behaviour, [web])["share_channel_web"].eq(0).all()


# --- a re-fit -------------------------------------------------------------------------------------


def test_a_refit_keeps_ids_and_names_where_the_match_holds(frozen: Frozen, tmp_path: Path) -> None:
    own = frozen.segments[0]
    old = own.model_copy(update={"segment_id": "agreed_best", "name": {"en": "Agreed best"}})
    other = frozen.model_copy(update={"segments": (old, *frozen.segments[1:])})
    refit = {"primary": "rfm", "refit": True}
    made = scored(agreed(tmp_path, frozen=other, segmentation=refit), customers()).tables
    matches = made["segment_alignment"]
    assert matches["is_kept"].all()
    assert (matches["jaccard"] == 1).all()
    assert made["segment_definitions"]["segment_id"].iloc[0] == "agreed_best"
    assert str(made["segment_definitions"]["name"].iloc[0]) == "Agreed best"
    assert "agreed_best" in set(made["segments"]["segment_id"])


def test_a_segment_of_other_customers_gets_another_id(frozen: Frozen, tmp_path: Path) -> None:
    """The rules of two segments were exchanged, but not what they are called."""
    first, second, *others = frozen.segments
    first, second = (
        one.model_copy(update={"conditions": other.conditions[:0]})
        for one, other in ((first, second), (second, first))
    )
    refit = {"primary": "rfm", "refit": True}
    changed = frozen.model_copy(update={"segments": (first, second, *others)})
    made = scored(agreed(tmp_path, frozen=changed, segmentation=refit), customers()).tables
    ids = set(made["segment_definitions"]["segment_id"])
    assert {f"{one.segment_id}_from_2026_03" for one in (first, second)} <= ids
    assert not {first.segment_id, second.segment_id} & ids
    names = set(map(str, made["segment_definitions"]["name"]))
    assert f"{first.name['en']} (from March 2026)" in names
    lost = made["segment_alignment"].loc[made["segment_alignment"]["found_id"].isna(), "old_id"]
    assert set(lost) == {first.segment_id, second.segment_id}


# --- hysteresis -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "near", "stands"),
    [
        ("AAB", "000", "B"),  # clearly past the cut: at once
        ("AAB", "001", "A"),  # near it: not yet
        ("ABB", "011", "B"),  # near it at two month ends in a row
        ("ABAB", "0111", "A"),  # to and fro stays
        ("B", "1", "B"),  # who was not there before stands where the rule says
    ],
)
def test_a_customer_moves_when_the_move_is_certain(rules: str, near: str, stands: str) -> None:
    periods = [
        (pd.Series({"K": rule}), pd.Series({"K": at == "1"}))
        for rule, at in zip(rules, near, strict=True)
    ]
    assert settled(periods)["K"] == stands


def test_who_is_held_is_told_beside_what_the_rule_says(frozen: Frozen, tmp_path: Path) -> None:
    """One customer was clearly elsewhere a month ago and is just over the cut now."""
    low, high = (
        frozen.segments[0].model_copy(
            update={"segment_id": id, "conditions": ((("orders", sign, 20.0),),)}
        )
        for id, sign in (("few", "<"), ("many", ">="))
    )
    two = frozen.model_copy(update={"segments": (low, high)})
    now = pd.DataFrame(
        {"customer_id": ["A", "B"], "recency_days": 1, "orders": [21, 40], "net_revenue": 100}
    )
    back = pd.DataFrame(
        {"customer_id": ["A", "B"], "orders": [10, 10], "as_of": pd.Timestamp("2026-02-28")}
    )
    made = scored(agreed(tmp_path, frozen=two), now, behaviour_back=back).tables["segments"]
    assert made["segment_id"].tolist() == ["few", "many"]
    assert made["rule_segment_id"].tolist() == ["many", "many"]
    assert made["is_border"].tolist() == [True, False]


# --- moves and drift ------------------------------------------------------------------------------


def two_periods(now: list[float], then: list[float]) -> dict[str, pd.DataFrame]:
    """Up to five customers cut at ten orders a month."""

    def period(values: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
        known = pd.DataFrame(
            {"customer_id": list("ABCDE")[: len(values)], "orders_per_month": values}
        )
        known = known.assign(net_revenue=100).dropna()
        segment = np.where(known["orders_per_month"] < 10, "few", "many")
        return known, known[["customer_id"]].assign(segment_id=segment, is_border=False)

    return compared(*period(now), *period(then), ["orders_per_month"])


def test_a_small_change_over_a_cut_is_jitter_and_no_move() -> None:
    nothing = float("nan")
    made = two_periods([10.4, 20.0, 5.0, nothing, 12.0], [9.6, 9.0, 5.0, 5.0, nothing])
    kinds = dict(
        zip(made["segment_moves"]["customer_id"], made["segment_moves"]["kind"], strict=True)
    )
    assert kinds == {"A": JITTER, "B": MOVED, "C": STAYED, "D": LEFT, "E": "came"}
    table = made["segment_migration"].set_index(["from_id", "to_id"])
    assert table["customers"].to_dict() == {("few", "few"): 1, ("few", "many"): 2}
    assert table.loc[("few", "many"), "jitter"] == 1
    share = table.loc[("few", "many")]
    assert share["share"] == pytest.approx(2 / 3)
    assert (share["low"], share["high"]) == pytest.approx((0.2077, 0.9385), abs=1e-4)


def test_drift_of_sizes_and_measures_stands_beside_its_noise_line() -> None:
    made = two_periods([20.0] * 5, [5.0] * 5)["segment_drift"].set_index("what")
    assert made.index.tolist() == ["segment_id", "orders_per_month"]
    assert made.loc["segment_id", "line"] == pytest.approx(3.8415 * (1 / 5 + 1 / 5), abs=1e-4)
    assert made["is_beyond"].all()
    assert not two_periods([5.0, 20, 5, 20, 5], [5.0, 20, 5, 20, 5])["segment_drift"][
        "is_beyond"
    ].any()


# --- properties -----------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.integers(0, 2**16))
def test_equal_customers_order_of_rows_and_an_empty_customer_change_nothing(seed: int) -> None:
    own = [_segment("few", "<"), _segment("many", ">=")]
    behaviour = customers(40, seed)
    twins = behaviour.assign(customer_id="T" + behaviour["customer_id"])
    empty = behaviour.head(1).assign(customer_id="Z", recency_days=0, orders=0, net_revenue=0)
    every = pd.concat([behaviour, twins, empty], ignore_index=True).sample(
        frac=1, random_state=seed
    )
    found = pd.Series(placed(every, own).to_numpy(), index=every["customer_id"])
    near = pd.Series(near_a_cut(every, own), index=every["customer_id"])
    alone = placed(behaviour, own).tolist()
    for ids in (behaviour["customer_id"], twins["customer_id"]):
        assert found[ids].tolist() == alone
        assert near[ids].tolist() == near_a_cut(behaviour, own).tolist()
    assert found["Z"] == "few"


def _segment(id: str, sign: str) -> FrozenSegment:
    texts = {"en": id}
    return FrozenSegment(
        segment_id=id, name=texts, rule=texts, description=texts, comes_from="clusters",
        conditions=((("orders", sign, 20.0),),), customers=1, net_revenue=1,
    )  # fmt: skip


# --- the page -------------------------------------------------------------------------------------


class Book(Workbook):
    """A workbook whose tables are frames in memory."""

    def __init__(self, engagement: Engagement, tables: dict[str, pd.DataFrame]) -> None:
        super().__init__("02-behavioural-segmentation", engagement, None)  # type: ignore[arg-type]
        self.tables = tables

    def table(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def query(self, sql: str, *names: str, **_: Path) -> pd.DataFrame:
        return pd.DataFrame({"prefix": [], "name": []})

    def told(self) -> list[str]:
        """Each note and title, as a reader of English has it."""
        return [render(one.get("title", one.get("text"))) for one in self.items]


def book(made: dict[str, pd.DataFrame], folder: Path, **more: object) -> Book:
    names = {"segment_id": ["few", "many"], "name": [say("Few orders"), say("Many orders")]}
    return Book(agreed(folder, **more), {"segment_definitions": pd.DataFrame(names), **made})


def test_moves_and_drift_are_told_with_what_is_jitter(tmp_path: Path) -> None:
    shown = book(two_periods([10.4, 20.0, 5.0], [9.6, 9.0, 5.0]), tmp_path)
    moves(shown)
    drift(shown)
    assert shown.told() == [
        "1 customer truly moved to another segment",
        "Only 33% of customers are in the segment they were in",
        "What was known a year before covers fewer months, so a trend or a count of products "
        "differs more by chance than between two reports of equal windows.",
        "No measure of the rules drifted beyond noise",
    ]
    assert shown.figures["segments.time.moved"].value == 1
    assert shown.figures["segments.time.jitter"].value == 1
    flow_chart = shown.items[0]
    assert flow_chart["data"]["is_largest"] == [False, True]
    drawn = svg(flow_chart)
    assert drawn == svg(flow_chart)
    assert drawn.count("Many orders") == 1  # nobody was there then
    assert drawn.count("Few orders") == 2


def test_where_nobody_moved_the_page_says_so(tmp_path: Path) -> None:
    shown = book(two_periods([5.0, 20.0], [5.0, 20.0]), tmp_path)
    moves(shown)
    assert shown.told()[:2] == [
        "No customer truly moved to another segment",
        "100% of customers are in the segment they were in",
    ]


def test_records_too_short_for_moves_are_told(tmp_path: Path) -> None:
    shown = book(two_periods([5.0], [float("nan")]), tmp_path)
    moves(shown)
    assert shown.told() == [
        "Moves between segments are not told: the records are too short, or the rules cannot be "
        "applied to an earlier day."
    ]


def test_segments_that_are_not_frozen_can_be(tmp_path: Path) -> None:
    shown = book({}, tmp_path)
    kept(shown)
    assert shown.told() == [
        "These segments were found in this run and are not frozen: new data may give others. Once "
        "agreed, they are kept by: segkit freeze ENGAGEMENT"
    ]


def test_frozen_segments_tell_who_is_held_and_who_is_unplaced(
    frozen: Frozen, tmp_path: Path
) -> None:
    fewer = frozen.model_copy(update={"segments": frozen.segments[:1]})
    made = scored(agreed(tmp_path, frozen=fewer), customers()).tables
    shown = Book(agreed(tmp_path, frozen=fewer), made)
    kept(shown)
    first, held, unplaced = shown.told()
    assert first == (
        "Segments are those frozen as of 31 March 2026: their rules were used as they are, and "
        "nothing was found anew."
    )
    assert held.startswith("0 customers are near a cut and stay where they were")
    count = int((made["segments"]["segment_id"] == "unplaced").sum())
    assert unplaced == f"{count} customers meet no frozen rule and are listed apart."


@pytest.mark.parametrize("is_same", [True, False])
def test_a_refit_says_which_segments_it_found_again(
    frozen: Frozen, tmp_path: Path, *, is_same: bool
) -> None:
    none = frozen.segments[-1].model_copy(update={"conditions": ()})
    other = frozen.model_copy(update={"segments": (*frozen.segments[:-1], none)})
    agreement = agreed(
        tmp_path, frozen=frozen if is_same else other,
        segmentation={"primary": "rfm", "refit": True},
    )  # fmt: skip
    shown = Book(agreement, scored(agreement, customers()).tables)
    kept(shown)
    n = len(frozen.segments)
    assert shown.told() == [
        f"The re-fit finds all {n} frozen segments again"
        if is_same
        else f"Of {n} frozen segments the re-fit finds {n - 1} again"
    ]
    verdicts = {render(one) for one in shown.items[0]["data"]["verdict"]}
    assert ("not found again" in verdicts) is not is_same


@dataclass
class Runs:
    """Two runs whose tables are frames in memory."""

    book: Book
    frames: dict[str, pd.DataFrame]
    as_of: date = date(2026, 2, 28)

    def has(self, name: str) -> bool:
        return name in self.frames

    def query(self, sql: str, *_: str) -> pd.DataFrame:
        return self.frames[sql.split(" FROM ")[1].split()[0]]


def test_moves_since_an_earlier_report_need_the_same_rules(tmp_path: Path) -> None:
    rules = pd.DataFrame(
        {
            "segment_id": ["few", "many"],
            "conditions": ['[[["orders", "<", 10.0]]]', '[[["orders", ">=", 10.0]]]'],
        }
    )
    known = pd.DataFrame({"customer_id": ["A", "B"], "orders": [5, 50], "net_revenue": 100})
    here = known[["customer_id"]].assign(segment_id=["few", "many"], is_border=False)
    frames = {
        "behaviour": known, "then_behaviour": known.assign(orders=5),
        "segments": here, "then_segments": here.assign(segment_id="few"),
        "segment_definitions": rules, "then_segment_definitions": rules,
    }  # fmt: skip
    both = Runs(book({}, tmp_path), frames)
    moves_since(both)
    assert both.book.told()[0] == "1 customer truly moved to another segment"
    assert "then: the report as of 28 February 2026" in render(both.book.items[0]["subtitle"])
    frames["then_segment_definitions"] = rules.assign(conditions="[]")
    other = Runs(book({}, tmp_path), frames)
    moves_since(other)
    assert other.book.told() == [
        "The segments of both reports have different rules, so who moved cannot be told from what "
        "the rules moved. Freeze the segments to keep them: segkit freeze ENGAGEMENT"
    ]
    moves_since(None)
