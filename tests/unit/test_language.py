from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from segkit.language import (
    Scale,
    Value,
    render,
    say,
    say_n,
    scale_of,
    share,
    write_date,
    write_money,
    write_number,
    write_share,
    write_value,
)


def plain(text: str) -> str:
    """Narrow and hard spaces as spaces, so that a test can be read."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("language", "money", "number", "part", "day"),
    [
        ("en", "PLN 1.2 million", "1,234,567", "4.5%", "31 March 2026"),
        ("da", "1,2 mio. PLN", "1.234.567", "4,5 %", "31. marts 2026"),
        ("pl", "1,2 mln zł", "1 234 567", "4,5%", "31 marca 2026"),
        ("ro", "1,2 mil. PLN", "1.234.567", "4,5 %", "31 martie 2026"),
    ],
)
def test_each_language_writes_numbers_its_own_way(
    language: str, money: str, number: str, part: str, day: str
) -> None:
    assert plain(write_money(Decimal("1234567.89"), "PLN", language)) == money
    assert plain(write_number(1_234_567, language)) == number
    assert plain(write_share(0.045, language)) == part
    assert plain(write_date("2026-03-31", language)) in (day, day.replace("31.", "31"))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("0", "PLN 0"),
        ("12.5", "PLN 12.50"),
        ("-12.5", "-PLN 12.50"),
        ("9999", "PLN 9,999"),
        ("12345", "PLN 12.3 thousand"),
        ("999949", "PLN 1.0 million"),
        ("41812345", "PLN 41.8 million"),
        ("2500000000", "PLN 2.5 billion"),
    ],
)
def test_money_has_three_or_four_digits(value: str, written: str) -> None:
    assert plain(write_money(Decimal(value), "PLN")) in (written, written.replace("-PLN ", "PLN -"))


@pytest.mark.parametrize(
    ("values", "unit", "words", "written"),
    [
        ([41_812_345, 2_300_000, 410_000], "PLN", "PLN million", ["41.8", "2.3", "0.4"]),
        ([182_000, 94_000, -12_000], "PLN", "PLN thousand", ["182", "94", "-12"]),
        ([500_000, 20], "PLN", "PLN", ["500,000", "20"]),
        ([12.5, 3.26], "PLN", "PLN", ["12.5", "3.3"]),
        ([0.5, 0.25], "share", "", ["50%", "25%"]),
        ([0.5, 0.004], "share", "", ["50.0%", "0.4%"]),
        ([3, 1200], "customers", "customers", ["3", "1,200"]),
        ([1.5, 2.25], "days", "days", ["1.50", "2.25"]),
        ([], "PLN", "PLN", []),
        ([0.0], "PLN", "PLN", ["0"]),
    ],
)
def test_a_column_is_written_on_one_scale(
    values: list[Any], unit: str, words: str, written: list[str]
) -> None:
    scale = scale_of(values, unit)
    assert scale.words == words
    assert [scale.write(value) for value in values] == written


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "PLN million"), ("da", "mio. PLN"), ("pl", "mln zł"), ("ro", "mil. PLN")],
)
def test_a_scale_is_named_in_the_readers_language(language: str, words: str) -> None:
    assert scale_of([5_000_000], "PLN", language).words == words


def test_absent_values_words_and_days_are_written_too() -> None:
    assert Scale("PLN").write(None) == Scale("PLN").write(float("nan")) == "–"
    assert Scale("text").write("=1+1") == "=1+1"
    assert Scale("text").write(2026) == "2026"
    assert Scale("text").write(True) == "yes"
    assert Scale("text").write(False) == "no"
    assert Scale("date").write("2026-03-31") == "31 Mar 2026"
    assert Scale("text").write(say("{n} of them", n=3).as_json()) == "3 of them"


def test_a_plural_follows_its_count() -> None:
    texts = [str(say_n("{n} customer", "{n} customers", n)) for n in (0, 1, 2)]
    assert texts == ["0 customers", "1 customer", "2 customers"]


def test_a_value_stays_what_it_is_where_it_looks_like_a_placeholder() -> None:
    assert str(say("Called {name}.", name="{x} {0} {{")) == "Called {x} {0} {{."


def test_braces_without_values_are_braces() -> None:
    assert render(say("a {{b}}").as_json()) == "a {b}"
    assert render(None) == "" and render("as it is") == "as it is"


def test_values_in_sentences_keep_their_unit_and_figure() -> None:
    message = say("{part} of {money}", part=share(0.256), money=Value(Decimal(1500), "PLN", "a.b"))
    assert plain(str(message)) == "26% of PLN 1,500"
    assert message.figures == ("a.b",)
    assert plain(message.in_language("pl")) == "26% of 1 500 zł"


def test_an_absent_value_is_a_dash() -> None:
    assert write_value({"value": None, "unit": "PLN"}) == "–"
    assert write_share(float("inf")) == "–"


def test_nothing_is_not_minus_nothing() -> None:
    assert write_share(-0.0004, digits=1) == "0.0%"
    assert write_share(-0.0006, digits=1) == "-0.1%"
    assert write_number(-0.004, digits=2) == "0.00"
