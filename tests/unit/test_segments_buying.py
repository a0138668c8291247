"""Buying logic: indices that tell what they do not know, and the sale that follows from them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.engagement import BuyingLogic, Engagement
from segkit.engine import Engine
from segkit.errors import EngagementError
from segkit.segments.buying import buying_logic
from segkit.segments.buying.agreement import agreements
from segkit.segments.buying.classes import classes, more_than
from segkit.segments.buying.findings import contradicts, is_apart, matters
from segkit.segments.buying.indicators import INDICATORS, agreed_indicators
from segkit.segments.buying.indices import decider, logic, side, span, stated
from segkit.segments.buying.matching import called_for, can_carry, mismatch
from segkit.store import Given

PRICE = [one for one in INDICATORS if one.index == "price"]
NAMES = [one.id for one in PRICE]


def spans(low: list[float], high: list[float], signs: int = 2) -> pd.DataFrame:
    return pd.DataFrame({"low": low, "high": high, "signs": signs})


# --- indices --------------------------------------------------------------------------------------


def test_a_sign_that_is_missing_widens_the_index_and_is_no_mean() -> None:
    signs = pd.DataFrame([[0.25, 0.5, 1.0], [0.25, np.nan, 1.0], [np.nan] * 3], columns=NAMES)
    found = span(signs, signs.notna() | True, PRICE)
    assert found["low"].round(2).tolist() == [100, 66.67, 0]
    assert found["high"].tolist() == [100, 100, 100]


def test_a_sign_that_does_not_apply_is_left_out() -> None:
    signs = pd.DataFrame([[0.125, 0.25, np.nan]], columns=NAMES)
    applies = pd.DataFrame([[True, True, False]], columns=NAMES)
    assert span(signs, applies, PRICE)[["low", "high"]].to_numpy().tolist() == [[50, 50]]


def test_where_two_signs_are_asked_for_one_leaves_half_open() -> None:
    signs = pd.DataFrame([[0.25]], columns=NAMES[:1])
    found = span(signs, signs.notna(), PRICE[:1], 2)
    assert found[["low", "high"]].to_numpy().tolist() == [[50, 100]]


def test_an_index_across_the_cut_or_near_it_is_undecided() -> None:
    found = side(spans([0, 40, 56, 52, 45], [45, 60, 90, 53, 45]), "left", "right")
    assert found.tolist() == ["left", "undecided", "right", "undecided", "left"]


def test_what_decides_is_above_the_others_at_its_lowest_and_rests_on_two_signs() -> None:
    low, high = spans([20] * 3, [20] * 3), spans([30, 24, 30], [90, 90, 30])
    assert decider({"price": high, "performance": low, "delivery": low}).tolist() == [
        "price", "undecided", "price",
    ]  # fmt: skip
    one = spans([30], [30], signs=1)
    others = {"performance": low.head(1), "delivery": low.head(1)}
    assert decider({"price": one, **others}).tolist() == ["undecided"]


def test_logic_weighs_its_three_parts_alike_unless_told_otherwise() -> None:
    given = {
        "price": spans([20], [20]), "performance": spans([60], [60]),
        "customised": spans([100], [100]), "collaboration": spans([0], [100]),
    }  # fmt: skip
    even = logic(given, {}).iloc[0]
    assert (round(even["low"], 2), round(even["high"], 2)) == (56.67, 90.0)
    assert logic(given, {"collaboration": 0, "price": 0}).iloc[0].tolist() == [100, 100]


def test_who_finds_everything_important_says_nothing() -> None:
    items = ["price", "delivery", "customised"]
    rows = [("a", 7, 7, 7), ("b", 7, 5, 6), ("c", 4, 2, 3)]
    scores = pd.DataFrame(
        [(who, items[n], "customer", score) for who, *told in rows for n, score in enumerate(told)],
        columns=["customer_id", "item", "rater", "score"],
    )  # fmt: skip
    found = stated(scores, (1, 7)).round(2)
    assert found.loc["a", items].tolist() == [50, 50, 50]
    assert found.loc["b", items].tolist() == found.loc["c", items].tolist() == [66.67, 33.33, 50]


# --- matching -------------------------------------------------------------------------------------


def test_a_complex_sale_takes_advice_something_made_for_the_customer_and_enough_of_it() -> None:
    ways = [
        ("consultative", "customised", True, "complex"),
        ("consultative", "customised", False, "traditional"),
        ("consultative", "standard", True, "traditional"),
        ("transactional", "customised", True, "traditional"),
        ("undecided", "customised", True, "undecided"),
        ("undecided", "standard", True, "traditional"),
        ("consultative", "undecided", True, "undecided"),
    ]
    frame = pd.DataFrame(ways, columns=["logic", "offer", "large", "expected"])
    found = called_for(frame["logic"], frame["offer"], frame["large"])
    assert found.tolist() == frame["expected"].tolist()


def test_a_mismatch_is_told_only_where_both_sides_are_known() -> None:
    needed = pd.Series(["complex", "traditional", "traditional", "undecided", "complex"])
    today = pd.Series(["traditional", "complex", "traditional", "complex", "undecided"])
    assert mismatch(needed, today).tolist() == ["under", "over", "match", "unknown", "unknown"]


def test_equal_customers_carry_a_complex_sale_alike_in_any_currency() -> None:
    revenue = pd.Series([0, 100, 100, 100, 500, -5])
    found = can_carry(revenue)
    assert found.tolist() == can_carry(revenue * 1000).tolist()
    assert found[1] == found[2] == found[3]
    assert not found[0] and not found[5]


# --- raters and classes ---------------------------------------------------------------------------


def rated(noise: float, customers: int = 60) -> pd.DataFrame:
    draw = np.random.default_rng(5)
    true = draw.integers(1, 8, customers)
    parts = [
        pd.DataFrame(
            {
                "customer_id": [f"{n:03d}" for n in range(customers)],
                "item": "price",
                "rater": rater,
                "score": np.clip(np.round(true + draw.normal(0, noise, customers)) + up, 1, 8),
            }
        )
        for rater, up in (("customer", 0), ("seller", 1))
    ]
    return pd.concat(parts)


@pytest.mark.parametrize(
    ("noise", "verdict"), [(0.2, "used"), (3.0, "rewritten"), (1.1, "tentative")]
)
def test_a_scale_is_used_only_where_raters_agree(noise: float, verdict: str) -> None:
    assert agreements(rated(noise))["verdict"].tolist() == [verdict]


def test_too_few_rated_twice_leave_a_scale_untested() -> None:
    found = agreements(rated(0.2, 20)).iloc[0]
    assert (found["verdict"], found["customers"]) == ("untested", 20)
    assert np.isnan(found["alpha"])


def test_latent_classes_find_what_was_planted_and_no_more() -> None:
    draw = np.random.default_rng(3)
    of = np.repeat([0, 1], [200, 100])
    chance = np.where(of[:, None] == 0, [0.9, 0.9, 0.1, 0.1, 0.5], [0.1, 0.1, 0.9, 0.9, 0.5])
    answers = (draw.random(chance.shape) < chance).astype(np.int64)
    tried = {k: classes(answers, k) for k in (1, 2, 3)}
    assert min(tried, key=lambda k: tried[k].bic) == 2
    assert (tried[2].belongs.argmax(axis=1) == of).mean() > 0.95
    assert more_than(answers, 1, 19) == 0.05
    assert more_than(answers, 2, 19) > 0.05


# --- claims on data where they are false ----------------------------------------------------------


def test_claims() -> None:
    assert matters(5, 0.01) and not matters(4, 0.5) and not matters(50, 0.009)
    assert is_apart(0.6, 1.0) and is_apart(-1.0, -0.6)
    assert not is_apart(-0.1, 1.5) and not is_apart(0.1, 0.4)
    told = contradicts(pd.Series([80.0, 80, 20, 54, 90]), pd.Series([30.0, 60, 70, 0, 60]))
    assert told.tolist() == [True, False, True, False, False]


def test_a_name_that_is_no_indicator_is_told() -> None:
    with pytest.raises(EngagementError) as raised:
        agreed_indicators(BuyingLogic(weights={"discount_shares": 2}))
    assert str(raised.value) == (
        "buying_logic names discount_shares, which is neither an indicator nor an index. "
        "Nearest: discount_share.\n"
        "Fix: use a name of the table of indicators in docs/methods.md."
    )


def test_weights_and_anchors_are_those_agreed() -> None:
    agreed = BuyingLogic(weights={"custom_share": 3}, anchors={"custom_share": (0, "0.8")})
    one = {one.id: one for one in agreed_indicators(agreed)}["custom_share"]
    assert (one.weight, one.none, one.full) == (3.0, 0.0, 0.8)


def test_the_documentation_names_each_indicator() -> None:
    text = (Path(__file__).parents[2] / "docs" / "methods.md").read_text("utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| `")]
    told = {one.id: one for one in INDICATORS}
    for id, one in told.items():
        expected = f"| `{id}` | {one.index} | {one.label} | {one.none:g} | {one.full:g} |"
        assert any(row.startswith(expected) for row in rows), expected


# --- the table ------------------------------------------------------------------------------------


def client() -> dict[str, pd.DataFrame]:
    """Six customers of three kinds, two alike of each; the first two buy what is made for them."""
    rows = [
        (who, f"{who}{n}", "p1" if place < 2 else "p2", 900 - 200 * (place // 2))
        for place, who in enumerate("ABCDEF")
        for n in range(6)
    ]
    lines = pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id", "net_amount"])
    lines = lines.assign(
        order_date=pd.Timestamp("2025-06-01"), quantity=1.0, promotion_id=None, period="in_window",
        channel=np.where(lines["customer_id"] < "C", "field", "web"),
    )  # fmt: skip
    revenue = lines.groupby("customer_id")["net_amount"].sum()
    behaviour = pd.DataFrame(
        {
            "customer_id": list("ABCDEF"), "orders": 6, "discount_share": [0.0, 0.0] + [0.2] * 4,
            "orders_per_month": 0.5, "lines_per_order": 1.0, "tenure_days": 700,
            "net_revenue": revenue.to_numpy(),
        }
    )  # fmt: skip
    products = pd.DataFrame(
        {
            "product_id": ["p1", "p2"], "category": "c", "kind": "product",
            "list_price": [10.0, 10.0], "is_custom": [True, False],
        }
    )  # fmt: skip
    customers = pd.DataFrame({"customer_id": list("ABCDEF"), "rep_id": list("kiiiii")})
    quotes = pd.DataFrame(
        {
            "customer_id": ["A", "A", "B", "B"], "created_date": pd.Timestamp("2025-06-01"),
            "decided_date": pd.Timestamp("2025-08-01"), "status": "won", "reason": None,
        }
    ).astype({"reason": "string"})  # fmt: skip
    reps = pd.DataFrame({"rep_id": ["i", "k"], "role": ["inside", "key_account"]})
    lines = lines.astype({"promotion_id": "string", "net_amount": "int64"})
    return {
        "order_lines": lines, "behaviour": behaviour, "products": products,
        "customers": customers, "quotes": quotes, "reps": reps,
    }  # fmt: skip


def made(folder: Path, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    folder.mkdir(exist_ok=True)
    agreed = Engagement(
        client="Test", as_of=date(2026, 3, 31), sources={"order_lines": {"file": "x.csv"}}
    )
    with Engine() as engine:
        paths = {}
        for name, frame in tables.items():
            paths[name] = folder / f"{name}.parquet"
            frame.to_parquet(paths[name])
            engine.register(name, paths[name])
        return buying_logic(Given(agreed, paths, engine))


def test_each_customer_is_told_with_the_sale_it_calls_for(tmp_path: Path) -> None:
    found = made(tmp_path, client())["buying_logic"]
    assert found["customer_id"].tolist() == list("ABCDEF")
    assert found["offer"].tolist() == ["customised"] * 2 + ["standard"] * 4
    assert found["logic"].tolist() == ["consultative"] * 2 + ["transactional"] * 4
    assert found["called_for"].tolist() == ["complex"] * 2 + ["traditional"] * 4
    assert found["mismatch"].tolist() == ["match", "under"] + ["match"] * 4


def test_without_answers_only_behaviour_is_told(tmp_path: Path) -> None:
    found = made(tmp_path, client())
    assert found["buying_agreement"].empty and found["buying_classes"].empty
    assert not found["buying_logic"]["is_asked"].any()
    assert (found["buying_logic"]["logic"] == found["buying_logic"]["logic_now"]).all()


def test_order_of_rows_and_currency_unit_change_nothing(tmp_path: Path) -> None:
    one, tables = made(tmp_path / "one", client()), client()
    tables["order_lines"] = tables["order_lines"].sample(frac=1, random_state=1)
    tables["order_lines"]["net_amount"] *= 100
    tables["behaviour"]["net_revenue"] *= 100
    pd.testing.assert_frame_equal(
        one["buying_logic"], made(tmp_path / "two", tables)["buying_logic"]
    )


def test_a_customer_that_never_ordered_changes_nothing(tmp_path: Path) -> None:
    one, tables = made(tmp_path / "one", client()), client()
    idle = pd.DataFrame({"customer_id": ["Z"], "rep_id": ["i"]})
    tables["customers"] = pd.concat([tables["customers"], idle])
    pd.testing.assert_frame_equal(
        one["buying_logic"], made(tmp_path / "two", tables)["buying_logic"]
    )


def test_below_three_orders_nothing_is_said(tmp_path: Path) -> None:
    tables = client()
    tables["behaviour"].loc[0, "orders"] = 2
    found = made(tmp_path, tables)["buying_logic"].iloc[0]
    assert (found["price_low"], found["price_high"]) == (0, 100)
    assert (found["offer"], found["logic"], found["mismatch"]) == ("undecided",) * 2 + ("unknown",)


def test_a_scale_that_raters_read_apart_moves_no_index(tmp_path: Path) -> None:
    scores = rated(3.0, 60)
    ids = {f"{n:03d}": who for n, who in enumerate("ABCDEF")}
    scores["customer_id"] = scores["customer_id"].map(lambda one: ids.get(one, one))
    parts = [scores.assign(item=item) for item in ("price", "customised", "collaboration")]
    found = made(tmp_path, {**client(), "needs": pd.concat(parts)})
    assert (found["buying_agreement"]["verdict"] == "rewritten").all()
    logic_ = found["buying_logic"]
    assert logic_["is_asked"].all()
    assert (logic_["logic"] == logic_["logic_now"]).all()
