"""Accepted rows against their contract: what pandera is asked, and what is told of a breach."""

from __future__ import annotations

import pytest
from test_repairs import LINES, RATES, lines
from test_sources import tuples

from segkit.engine import Engine
from segkit.errors import ReconciliationError, SourceError
from segkit.sources.contracts import breaches
from segkit.tables import CONTRACTS


def test_a_word_that_was_not_agreed_and_a_negative_number_are_told(extract):
    extract.write("orders.csv", lines("5"))
    extract.write(
        "visits.csv",
        "visit_id,customer_id,visit_date,kind,minutes\n1,A,2026-03-01,visit,-5\n2,A,2026-03-01,v,7\n",
    )
    head = "quote_id,customer_id,created_date,amount,status\n"
    extract.write("quotes.csv", head + "1,A,2026-03-01,5,won\n2,A,2026-03-01,5,Otwarta\n")
    more = '[sources.visits]\nfile = "visits.csv"\n[sources.quotes]\nfile = "quotes.csv"'
    store = extract.store(LINES + more)
    assert tuples(store.frame("visits_repairs")) == [("minutes", "below_zero", 1, "-5.0", None)]
    assert tuples(store.frame("quotes_repairs")) == [("status", "other_word", 1, "Otwarta", None)]
    assert len(store.frame("visits")) == len(store.frame("quotes")) == 2


def test_a_rate_of_nothing_is_refused(extract):
    extract.write("orders.csv", lines("5"))
    extract.write("rates.csv", RATES + "USD,2026-01-01,0\n")
    store = extract.store(LINES + '[sources.rates]\nfile = "rates.csv"')
    with pytest.raises(SourceError) as caught:
        store.path("order_lines")
    assert str(caught.value) == (
        "sources.rates holds rates of nothing or less: 1.\n"
        "Fix: correct these rates, or leave them out."
    )


REPS = """SELECT id AS rep_id, 'A' AS name, CAST(NULL AS VARCHAR) AS team,
          CAST(NULL AS VARCHAR) AS role, CAST(NULL AS VARCHAR) AS region,
          CAST(NULL AS DOUBLE) AS days, {hours} AS hours_per_day FROM (VALUES {ids}) AS r(id)"""


def broken(ids: str, hours: str = "CAST(8 AS DOUBLE)") -> str:
    with Engine() as engine, pytest.raises(ReconciliationError) as caught:
        breaches(engine, CONTRACTS["reps"], ("rep_id",), REPS.format(ids=ids, hours=hours))
    return str(caught.value).splitlines()[0]


def test_a_row_that_breaks_its_contract_is_our_mistake():
    ours = "Accepted rows of reps break their contract: "
    assert broken("('1'), ('1')") == ours + "key repeated (1)."
    assert broken("('1'), (NULL)") == ours + "rep_id is_empty (1)."
    assert broken("('1')", "8") == ours + "hours_per_day type (INTEGER)."


def test_rows_as_agreed_break_nothing():
    rows = REPS.format(ids="('1'), ('2')", hours="CAST(8 AS DOUBLE)")
    with Engine() as engine:
        assert breaches(engine, CONTRACTS["reps"], ("rep_id",), rows) == []
