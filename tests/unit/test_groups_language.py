"""The rule language: what is refused, in whole sentences, and what the words of a rule mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from groups_client import agreed, given, tables

from segkit.engine import Engine
from segkit.errors import EngagementError
from segkit.segments.groups import Known, compile_attributes, memberships, primary_by_rules
from segkit.segments.groups.compiling import Words, compile_rule
from segkit.segments.groups.grammar import parse
from segkit.segments.groups.known import words
from segkit.segments.groups.micro import can_say, median_interval
from segkit.segments.groups.registry import as_markdown
from segkit.segments.groups.windows import window
from segkit.segments.groups.wording import in_words

ROOT = Path(__file__).parents[2]
LISTED = "name a column as docs/rules.md lists them."


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Words]]:
    with Engine() as engine:
        made = given(tmp_path_factory.mktemp("groups"), engine, agreed())
        yield engine, words(made)


def members(client: tuple[Engine, Words], rule: str) -> list[str]:
    engine, known = client
    return engine.query(compile_rule(rule, known)).column(0).to_pylist()


def refused(client: tuple[Engine, Words], rule: str) -> str:
    with pytest.raises(EngagementError) as error:
        compile_rule(rule, client[1])
    return str(error.value)


SYNTAX = "Fix: correct the rule; docs/rules.md shows what a rule may say."


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            "regoin = 'North'",
            f"The rule names regoin, which is no column. Nearest: region.\nFix: {LISTED}",
        ),
        (
            "orders_per_month > 2",
            "The rule names orders_per_month, which is no column. Nearest: orders_per_month.\n"
            "Fix: write orders_per_month().",
        ),
        (
            "spent(last = '1 month') > 2",
            "The rule calls spent(), which is no measure. Nearest: spend.\n"
            "Fix: name a measure as docs/rules.md lists them.",
        ),
        (
            "spend(chanel = 'web') > 2",
            "spend() filters by chanel, which order_lines lack. Nearest: channel.\n"
            f"Fix: {LISTED}",
        ),
        (
            "spend(last = '1 month', last = '2 months') > 2",
            "spend() says last twice.\nFix: say it once; several values as last in ('one', "
            "'other').",
        ),
        (
            "spend(channel = 'web' or channel = 'edi') > 2",
            "spend() says channel twice.\nFix: say it once; several values as channel in ('one', "
            "'other').",
        ),
        (
            "spend(last = '3 moons') > 2",
            "last is '3 moons', which is no span of time. Nearest: months.\nFix: write a number "
            "and days, weeks, months or years, such as '3 months'; 20 years at most.",
        ),
        (
            "spend(last = 3) > 2",
            "spend() does not say what last is.\nFix: write last = '3 months'.",
        ),
        (
            "spend(by = region) > 2",
            "spend() takes no by.\nFix: write by in average() or median(), or leave it out.",
        ),
        (
            "days_since_order(last = '1 month') > 2",
            "days_since_order() looks at all records, so it takes no last.\n"
            "Fix: leave it out, and compare the days.",
        ),
        (
            "order_value(per = 'month') > 2",
            "order_value() is a rate already, so it takes no per.\nFix: leave it out.",
        ),
        (
            "spend(per = 'moth') > 2",
            "per is 'moth'. Nearest: month.\nFix: write one of: day, week, month, year.",
        ),
        (
            "average(spend(), by = regions) > 2",
            "average() is by regions, which is no attribute to group by. Nearest: region.\n"
            "Fix: name a column of the customer that holds a text.",
        ),
        (
            "average(5) > 2",
            "average() compares one measure with peers.\n"
            "Fix: write average(spend(last = '3 months'), by = category).",
        ),
        (
            "region = 5",
            "The rule compares a text with a number in region = 5.\n"
            "Fix: texts and days stand in 'quotes', numbers stand without.",
        ),
        (
            "region < 'North'",
            "The rule asks which a text is larger in region < 'North'.\n"
            "Fix: compare by =, <> or in.",
        ),
        (
            "since < 'yesterday'",
            "The rule compares a day with yesterday.\nFix: write the day as '2026-03-31'.",
        ),
        (
            "region + 1 > 2",
            "The rule reckons with region, which is no number.\n"
            "Fix: reckon with numbers and measures.",
        ),
        (
            "spend()",
            "The rule uses spend() as a condition, and it is none.\n"
            "Fix: compare it with something, such as > 0.",
        ),
        ("spend() / 0 > 1", "The rule divides by 0.\nFix: divide by another number."),
        (
            "spend() / order_value() > 1",
            "The rule divides by something that is a ratio itself.\n"
            "Fix: multiply by what that is divided by instead.",
        ),
        (
            "spend(1 = 1) > 1",
            "spend() is given 1 = 1, which filters nothing.\n"
            "Fix: write a column and what it is, such as channel = 'web'.",
        ),
        (
            "spend() > 1234567890123456",
            "The number 1234567890123456 has more than 15 digits or 6 decimals.\n"
            "Fix: write a shorter number.",
        ),
        (
            "region = 'x' or " * 80 + "vip",
            "The rule has 1,283 characters; at most 1,000 are read.\nFix: write it as two rules.",
        ),
        (
            "not " * 30 + "vip",
            "The rule is more than 25 steps deep.\nFix: write it as two rules.",
        ),
        (
            "region = 'North' and",
            "The rule cannot be read at its end (character 21); there could stand: a column or a "
            f"measure, a number, a text in 'quotes', (.\n{SYNTAX}",
        ),
    ],
)  # fmt: skip
def test_a_wrong_rule_says_what_is_wrong(
    client: tuple[Engine, Words], rule: str, sentence: str
) -> None:
    assert refused(client, rule) == sentence


@pytest.mark.parametrize(
    "rule",
    [
        "vip; DROP TABLE customers",
        "vip -- and more",
        "vip /* and more */",
        "region = (SELECT region FROM customers LIMIT 1)",
        "region = 'x' UNION SELECT customer_id FROM customers",
        "read_csv('/etc/passwd') = 'x'",
        "system('id') = 1",
        "region LIKE '%'",
        "region = $1",
        "region = ?",
        "c.region = 'North'",
        "region = 'North' COLLATE nocase",
        "CASE WHEN vip THEN 1 END = 1",
        "region || 'x' = 'y'",
        "region = 'a\x00b'",
        "region = 'a\nb'",
        "\x1b[31mvip",
        "__import__('os')",
        "vip = true::boolean",
        "order_value.__class__ = 1",
        "'",
        '"',
        "",
        " ",
        "(((((",
    ],
)
def test_what_is_no_rule_is_refused(client: tuple[Engine, Words], rule: str) -> None:
    said = refused(client, rule)
    assert "\nFix: " in said
    assert said.isprintable() or said.replace("\n", "").isprintable()


def test_a_text_is_a_text_whatever_stands_in_it(client: tuple[Engine, Words]) -> None:
    own = [one["customer_id"] for one in tables()["customers"] if one["region"] == "O'South"]
    assert members(client, "region = 'O''South'") == own
    assert members(client, "region = ''' OR true --'") == []
    assert members(client, "spend(channel = '''); DROP TABLE customers; --') > 0") == []


def test_a_hostile_name_of_a_column_stays_a_name() -> None:
    columns = {'x" OR 1=1 --': Known("safe", "text")}
    with pytest.raises(EngagementError) as error:
        compile_attributes('"x"" OR 1=1 --" = 1', columns)
    assert "Fix: " in str(error.value)


def test_a_rule_over_plain_columns_has_no_calls() -> None:
    columns = {"category": Known("p.category", "text"), "margin": Known("margin", "real")}
    assert compile_attributes("category in ('A', 'B') and margin >= 0.5", columns) == (
        "((((p.category = 'A') OR (p.category = 'B'))) AND (margin >= (CAST(1 AS DOUBLE) / 2)))"
    )
    with pytest.raises(EngagementError) as error:
        compile_attributes("spend() > 1", columns)
    assert str(error.value) == (
        "The rule calls spend(), and here only columns can be used.\n"
        "Fix: name one of: category, margin."
    )
    with pytest.raises(EngagementError) as error:
        compile_attributes("catgory = 'A'", columns)
    assert str(error.value) == (
        f"The rule names catgory, which is no column. Nearest: category.\nFix: {LISTED}"
    )


def test_a_measure_whose_table_was_not_given_is_refused(client: tuple[Engine, Words]) -> None:
    _, known = client
    without = replace(known, filters={"order_lines": known.filters["order_lines"]})
    with pytest.raises(EngagementError) as error:
        compile_rule("visits() > 1", without)
    assert str(error.value) == (
        "The rule calls visits(), and no visits were given.\n"
        "Fix: give visits, or leave the rule out."
    )


@pytest.mark.parametrize(
    ("last", "as_of", "after", "until"),
    [
        ("1 month", "2026-03-15", "2026-01-31", "2026-02-28"),
        ("1 month", "2026-03-31", "2026-02-28", "2026-03-31"),  # a month that ends today is full
        ("3 months", "2026-03-31", "2025-12-31", "2026-03-31"),
        ("3 months", "2026-03-30", "2025-11-30", "2026-02-28"),
        ("1 year", "2024-02-29", "2023-02-28", "2024-02-29"),
        ("2 years", "2026-01-01", "2023-12-31", "2025-12-31"),
        ("30 days", "2026-03-31", "2026-03-01", "2026-03-31"),
        ("2 weeks", "2026-03-31", "2026-03-17", "2026-03-31"),
    ],
)
def test_which_days_are_looked_at(last: str, as_of: str, after: str, until: str) -> None:
    found = window(last, date.fromisoformat(as_of), 24)
    assert (found.after.isoformat(), found.until.isoformat()) == (after, until)


@pytest.mark.parametrize("last", ["0 months", "1", "month", "-1 month", "99 years", "1.5 months"])
def test_what_is_no_span_of_time_is_refused(last: str) -> None:
    with pytest.raises(EngagementError):
        window(last, date(2026, 3, 31), 24)


def test_the_five_rules_hold_as_told(tmp_path: Path) -> None:
    """One customer each that a rule is about, and one it is not about."""
    day = date(2026, 3, 31)
    line = {**tables()["order_lines"][0], "quantity": 1.0, "order_date": day}
    customer = dict(tables()["customers"][0], region="Central", category="Drugstore")
    shop = [{**customer, "customer_id": id} for id in ("bought", "little", "other", "never")]
    shop[2]["category"] = "Salon"
    lines = [
        {**line, "customer_id": "bought", "order_id": "1", "product_id": "p0",
         "net_amount": 100_000},
        {**line, "customer_id": "little", "order_id": "2", "product_id": "p0",
         "net_amount": 99_999},
        {**line, "customer_id": "bought", "order_id": "3", "product_id": "p1",
         "net_amount": 900_001},
        {**line, "customer_id": "other", "order_id": "4", "product_id": "p1",
         "net_amount": 5, "order_date": date(2025, 12, 31)},
    ]  # fmt: skip
    visit = {"visit_date": date(2026, 2, 1), "kind": "visit"}
    visits = [
        *({**visit, "visit_id": f"a{n}", "customer_id": "bought"} for n in range(6)),
        {**visit, "visit_id": "b", "customer_id": "little", "visit_date": date(2026, 3, 1)},
    ]
    made = {**tables(), "customers": shop, "order_lines": lines, "visits": visits}
    expected = {
        "category = 'Drugstore' and region = 'Central' and "
        "spend(product_category = 'Shampoo', last = '1 month') < 1000": ["little", "never"],
        "days_since_visit() > 30": ["bought", "never", "other"],
        "days_since_visit() > 29": ["bought", "little", "never", "other"],
        "orders(last = '3 months') = 0": ["never", "other"],
        "visits_per_month(last = '3 months') between 1.5 and 2.5": ["bought"],
        "spend(last = '1 month') > 10000": ["bought"],
        "spend(last = '3 months') < 0.5 * average(spend(last = '3 months'), by = category)":
            ["little", "never"],
    }  # fmt: skip
    with Engine() as engine:
        known = words(given(tmp_path, engine, agreed(), made))
        found = {rule: members((engine, known), rule) for rule in expected}
    assert found == expected


def test_a_median_of_a_rate_lies_between_the_two_in_the_middle(tmp_path: Path) -> None:
    line = {**tables()["order_lines"][0], "quantity": 1.0, "order_date": date(2026, 3, 1)}
    lines = [
        {**line, "customer_id": f"c0{n}", "order_id": str(n), "net_amount": 1000 * n}
        for n in (1, 2, 3, 6)
    ]
    with Engine() as engine:
        known = words(given(tmp_path, engine, agreed(), {**tables(), "order_lines": lines}))
        assert members((engine, known), "order_value() > median(order_value())") == ["c03", "c06"]
        assert members((engine, known), "median(order_value()) = 25 and vip is missing or "
                       "order_value() = median(order_value())") == [
            one["customer_id"] for one in tables()["customers"] if one["vip"] is None]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "english", "polish"),
    [
        (
            "region = 'North' and spend(product_category = 'Shampoo', last = '1 month') < 1000",
            "region: North, and net revenue (product category: Shampoo, last full month) below "
            "EUR 1,000",
            "region: North oraz sprzedaż netto (kategoria produktu: Shampoo, ostatni pełny "
            "miesiąc) poniżej 1 000 €",
        ),
        ("orders(last = '3 months') = 0", "no orders (last 3 full months)",
         "brak: zamówienia (3 ostatnie pełne miesiące)"),
        ("not (vip or region is missing) and region is not missing",
         "not so: (vip, or region is not known), and region is known",
         "nieprawda, że: (vip lub region nieznane) oraz region znane"),
        ("visits(last = '2 weeks', per = 'week') between 1.5 and 2",
         "visits a week (last 2 weeks) from 1.5 to 2",
         "wizyty na tydzień (ostatnie 2 tygodnie) od 1,5 do 2"),
        ("discount_share() >= 0.125 or region in ('North', 'West')",
         "discount at least 12.5%, or region one of: North, West",
         "rabat co najmniej 12,5% lub region to jedno z: North, West"),
        ("spend() * 2 < 0.5 * average(spend(), by = category)",
         "net revenue × 2 below 0.5 × average of active customers alike in category: net revenue",
         "sprzedaż netto × 2 poniżej 0,5 × średnia aktywnych klientów, których łączy kategoria: "
         "sprzedaż netto"),
    ],
)  # fmt: skip
def test_a_rule_is_said_in_words(
    client: tuple[Engine, Words], rule: str, english: str, polish: str
) -> None:
    compile_rule(rule, client[1])
    said = in_words(rule, client[1], agreed())
    assert str(said) == english
    assert said.in_language("pl").replace("\u00a0", " ") == polish


def test_who_entered_and_who_left_is_told_beside_a_month_before(tmp_path: Path) -> None:
    line = {**tables()["order_lines"][0], "quantity": 1.0, "net_amount": 100}
    lines = [
        {**line, "customer_id": "c01", "order_id": "1", "order_date": date(2026, 3, 2)},
        {**line, "customer_id": "c02", "order_id": "2", "order_date": date(2026, 2, 2)},
    ]
    rules = agreed(date(2026, 3, 31), ("ordered", "orders(last = '1 month') > 0"),
                   ("falling", "trend < 0"))  # fmt: skip
    with Engine() as engine:
        made = memberships(given(tmp_path, engine, rules, {**tables(), "order_lines": lines}))
    assert made["group_moves"].to_dict("records") == [
        {"customer_id": "c01", "group_id": "ordered", "move": "entered"},
        {"customer_id": "c02", "group_id": "ordered", "move": "left"},
    ]
    assert made["group_definitions"]["is_dated"].tolist() == [True, False]
    assert made["memberships"]["customer_id"].tolist() == ["c01", "c01", "c04", "c07"]
    assert set(made["memberships"]["as_of"]) == {date(2026, 3, 31)}


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ((("a", "vip"), ("a", "vip")),
         "The id a of a segment rule is there twice.\nFix: give each rule an id of its own."),
        ((("everyone_else", "vip"),),
         "The id everyone_else of a segment rule is ours.\nFix: give each rule an id of its own."),
        ((("a", "spend() * 999999999999999 * spend() * 999999999999999 > 1"),),
         "Segment rule a reckons with larger numbers than 38 digits hold.\nFix: multiply less."),
        ((("a", "vp"),),
         "Segment rule a. The rule names vp, which is no column. Nearest: vip.\n"
         f"Fix: {LISTED}"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_asked_is_named(
    tmp_path: Path, rules: tuple[tuple[str, str], ...], sentence: str
) -> None:
    with Engine() as engine, pytest.raises(EngagementError) as error:
        memberships(given(tmp_path, engine, agreed(date(2026, 3, 31), *rules)))
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("region in ('North', 'Nroth')", "No record says “Nroth”; the nearest is “North”."),
        ("vip and spend(product_category = 'Shampo') = 0",
         "No record says “Shampo”; the nearest is “Shampoo”."),
        ("spend() > average(spend(channel = 'xyz'), by = region)", "No record says “xyz”."),
        ("visits(kind = 'call') = 0 and since < '2020-01-01' and spend(last = '1 month') > 1", ""),
    ],
)  # fmt: skip
def test_a_word_that_no_record_says_is_told_with_the_nearest(
    tmp_path: Path, rule: str, said: str
) -> None:
    with Engine() as engine:
        made = memberships(given(tmp_path, engine, agreed(date(2026, 3, 31), ("a", rule))))
    assert [str(one) for one in made["group_definitions"]["unseen"]] == [said]


def test_without_rules_the_tables_are_empty_and_whole(tmp_path: Path) -> None:
    with Engine() as engine:
        made = memberships(given(tmp_path, engine, agreed()))
    assert {name: (len(one), list(one)) for name, one in made.items()} == {
        "memberships": (0, ["customer_id", "group_id", "as_of"]),
        "group_definitions": (0, ["group_id", "name", "rule", "in_words", "customers",
                                  "active_customers", "net_revenue", "is_dated", "unseen"]),
        "group_moves": (0, ["customer_id", "group_id", "move"]),
    }  # fmt: skip


def test_an_empty_customer_and_the_order_of_rows_change_no_other_membership(
    tmp_path: Path,
) -> None:
    rules = agreed(
        date(2026, 3, 31),
        ("peers", "spend() > average(spend(), by = category)"),
        ("middle", "spend(last = '1 year') >= median(spend(last = '1 year'))"),
        ("rate", "discount_share() > average(discount_share())"),
    )
    own = tables()
    empty = {**own["customers"][0], "customer_id": "zz"}
    shuffled = {name: rows[::-1] for name, rows in own.items()}
    shuffled["customers"] = [empty, *shuffled["customers"]]
    with Engine(threads=1) as engine:
        plain = memberships(given(tmp_path / "a", engine, rules, own))["memberships"]
    with Engine(threads=4) as engine:
        other = memberships(given(tmp_path / "b", engine, rules, shuffled))["memberships"]
    pd.testing.assert_frame_equal(plain, other[other["customer_id"] != "zz"].reset_index(drop=True))


def test_the_first_rule_that_holds_gives_the_segment_and_the_rest_are_everyone_else() -> None:
    definitions = pd.DataFrame(
        {"group_id": ["one", "none", "two"], "name": ["One", "None", "Two"],
         "in_words": ["is one", "is none", "is two"]}
    )  # fmt: skip
    found = pd.DataFrame({"customer_id": ["a", "a", "b"], "group_id": ["two", "one", "two"]})
    made = primary_by_rules(pd.Series(["a", "b", "c"]), found, definitions)
    assert made.ids == ["one", "two", "everyone_else"]
    assert made.labels.tolist() == [0, 1, 2]
    assert [str(one) for one in made.rules] == ["is one", "is two", "none of the rules above holds"]
    assert str(made.names[-1]) == "Everyone else"
    assert primary_by_rules(pd.Series(["a"]), found, definitions).ids == ["one"]
    assert primary_by_rules(pd.Series(["c"]), found, definitions).labels.tolist() == [0]


@pytest.mark.parametrize(
    ("customers", "said"),
    [
        (4, "Single cases: no average, no share, no trend. Read each customer by itself."),
        (5, "A median with a wide interval; one customer can move it. No shares, no trend."),
        (20, "A median and shares with their intervals. Too few to test an offer on half."),
        (100, "Medians, shares and trends; large enough to test an offer on half of them."),
    ],
)
def test_what_can_be_said_goes_with_how_many_there_are(customers: int, said: str) -> None:
    assert str(can_say(customers)) == said
    assert customers == 4 or str(can_say(customers - 1)) != said


def test_the_median_lies_in_its_interval_19_times_in_20() -> None:
    """Against the table of order statistics: n = 6, 10, 20, 100."""
    ranks = {n: median_interval(pd.Series(range(1, n + 1))) for n in (5, 6, 10, 20, 100)}
    assert ranks == {5: None, 6: (1, 6), 10: (2, 9), 20: (6, 15), 100: (40, 61)}


def test_the_page_of_rules_lists_the_measures_as_they_are() -> None:
    assert (ROOT / "docs" / "rules.md").read_text("utf-8").endswith(as_markdown())


def test_keywords_are_read_in_any_case_and_names_may_begin_like_them() -> None:
    assert parse("A = 1 AND not B IS Missing") == parse("A = 1 and NOT B is missing")
    assert parse("andy = 1 or notes = 2 or inside = 3") is not None
