"""The whole chain on the fictional client, against the truth that was planted in it."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, cohen_kappa_score
from whole_report import Report, WholeReport, copied, make_report

from segkit import locale
from segkit.errors import RunError, SourceError
from segkit.evidence import SEED


@pytest.fixture(scope="module")
def truth(demo_client: Path) -> pd.DataFrame:
    return pd.read_csv(demo_client / "truth" / "customers.csv", dtype={"customer_id": str})


@pytest.fixture(scope="module")
def shuffled(truth: pd.DataFrame) -> pd.DataFrame:
    drawn = truth.sample(frac=1, random_state=SEED)
    return drawn.assign(customer_id=truth["customer_id"].to_numpy())


@pytest.fixture(scope="module")
def report(demo_report: Report) -> Report:
    return demo_report


class TestDemo(WholeReport):
    def test_cost_to_serve_is_told_where_it_can_be(self, report: Report) -> None:
        for id in ("cost_to_serve", "contribution", "unused_capacity"):
            assert f"routes.{id}" in report.ledger["figures"]


def agreement(report: Report, truth: pd.DataFrame) -> float:
    """The adjusted Rand index of the exported segments with the planted types."""
    exported = pd.read_csv(report.folder / "exports" / "segments.csv", dtype=str)
    both = exported.merge(truth, on="customer_id")
    assert len(both) > 1_500
    return float(adjusted_rand_score(both["true_type"], both["segment_id"]))


def found(report: Report, truth: pd.DataFrame) -> float:
    """Which share of the planted loss-makers has a negative contribution in the report."""
    loses = report.table("contribution").set_index("customer_id")["contribution"] < 0
    planted = truth.loc[truth["is_loss_maker"], "customer_id"]
    return float(loses.reindex(planted, fill_value=False).mean())


def test_segments_agree_with_the_planted_types(
    report: Report, truth: pd.DataFrame, shuffled: pd.DataFrame
) -> None:
    found = agreement(report, truth)
    print(f"adjusted Rand index of segments with planted types: {found:.3f}")
    assert found >= 0.7, found
    assert agreement(report, shuffled) < 0.1


def motive(report: Report, truth: pd.DataFrame) -> tuple[float, float]:
    """Kappa of buying in a consultative way with the planted projects, and of what decides."""
    both = report.table("buying_logic").merge(truth, on="customer_id")
    projects, advised = both["true_type"] == "project_buyer", both["logic"] == "consultative"
    planted = {"promotion_buyer": "price", "web_specialist": "delivery", "small_top_up": "delivery"}
    told = both[both["true_type"].isin(planted) & (both["decides"] != "undecided")]
    decides = cohen_kappa_score(told["true_type"].map(planted), told["decides"])
    return float(cohen_kappa_score(projects, advised)), float(decides)


def test_buying_logic_is_the_planted_one(
    report: Report, truth: pd.DataFrame, shuffled: pd.DataFrame
) -> None:
    logic, decides = motive(report, truth)
    by_chance = motive(report, shuffled)
    print(f"kappa of logic {logic:.3f}, of what decides {decides:.3f}, by chance {by_chance}")
    assert logic >= 0.9
    assert decides >= 0.7
    assert max(by_chance) < 0.1


def test_loss_makers_are_found(report: Report, truth: pd.DataFrame, shuffled: pd.DataFrame) -> None:
    assert found(report, truth) >= 0.9
    assert found(report, shuffled) < 0.5
    # calling everyone a loss-maker would find them all
    loses = report.table("contribution").set_index("customer_id")["contribution"] < 0
    assert loses.sum() < 1.3 * truth["is_loss_maker"].sum()


def test_planted_decliners_are_found_and_hardly_anyone_else(
    report: Report, truth: pd.DataFrame, shuffled: pd.DataFrame
) -> None:
    told = report.table("deviations").set_index("customer_id")["direction"] == "down"

    def found(planted: pd.DataFrame) -> tuple[float, float]:
        falls = planted.set_index("customer_id")["is_decliner"]
        both = told.reindex(falls.index, fill_value=False) & falls
        return both.sum() / told.sum(), both.sum() / falls.sum()

    precision, recall = found(truth)
    print(f"planted decliners: precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.8 and recall >= 0.6
    assert found(shuffled)[0] < 0.3
    # nobody was made to grow
    assert (report.table("deviations")["direction"] == "up").sum() <= 3


def test_the_checks_find_what_was_planted(report: Report, demo_client: Path) -> None:
    planted = json.loads((demo_client / "truth" / "faults.json").read_text("utf-8"))
    twins = report.table("failed_same_customer")
    told = set(map(frozenset, twins[["keep", "merge"]].to_numpy()))
    real = set(map(frozenset, planted["twins"].items()))
    assert len(told & real) >= 0.9 * len(real)
    assert len(told & real) >= 0.9 * len(told)
    repeats = report.table("failed_repeated_orders").set_index("order_id")["repeats"]
    assert repeats.to_dict() == planted["repeated_orders"]
    marks = report.table("failed_wrong_mark")
    told = set(zip(marks["order_id"], marks["line_no"].astype(int), marks["factor"], strict=True))
    real = set(map(tuple, planted["wrong_marks"]))
    assert len(told & real) >= 0.95 * max(len(real), len(told))
    projects = report.table("failed_one_off_orders")["order_id"]
    assert sorted(projects) == planted["one_off_orders"]
    lost = set(report.table("failed_unmatched_returns")["order_id"])
    assert set(planted["returns_without_order"]) <= lost
    assert len(lost) < 1.3 * len(planted["returns_without_order"])


def test_the_planted_faults_of_the_visit_log_are_found_and_no_others(
    report: Report, demo_client: Path
) -> None:
    history = json.loads((demo_client / "truth" / "history.json").read_text("utf-8"))
    planted = history["visit_log"]
    hole = report.table("source_holes")
    assert hole["source"].tolist() == ["visits"]
    assert [str(hole[edge].iloc[0].date()) for edge in ("first", "last")] == planted["lost_week"]
    shift = report.table("field_shifts")
    assert shift[["source", "field"]].to_numpy().tolist() == [["visits", "purpose"]]
    assert str(shift["since"].iloc[0].date()) == planted["new_words_from"]
    assert report.table("product_shifts").empty
    log = report.table("visit_log_quality")
    for flag in ("is_late", "is_same"):
        assert set(log.loc[log[flag], "team"]) == {"Professional"}
        assert len(log[log[flag]]) == (log["team"] == "Professional").sum() == 6
    assert set(log.loc[log["usual_minutes"] == planted["late_minutes"], "team"]) >= {"Professional"}
    assert set(log.loc[log["grade"] == "D", "team"]) == {"Professional"}


#: Words that a reader of the other language would meet in any sentence of it.
_ENGLISH = "the|of|and|with|which|are|is|from|that|their|customers?|orders?|revenue|rows|each"
_POLISH = "się|nie|jest|oraz|przez|które|klientów|klienci|sprzedaży|wizyt|lub|dla|mln|tys|zł"
#: Ids, files and settings are called alike everywhere.
_NAMES = re.compile(r"\S*(?:[_/]|\w\.\w)\S*|--set|sales director")


def foreign(text: str, words: str) -> list[str]:
    """The places where `words` stand, each with a little around it."""
    plain = _NAMES.sub(" ", text.replace("\xa0", " "))
    found = re.finditer(rf"\b(?:{words})\b", plain)
    return [plain[max(0, one.start() - 40) : one.end() + 40] for one in found]


def pages_of(folder: Path) -> Iterator[tuple[str, str]]:
    """The text of each page, and of each sheet of the workbook."""
    for path in sorted(folder.glob("*.html")):
        told = re.sub(r"<style.*?</style>|<[^>]+>", " ", path.read_text("utf-8"), flags=re.DOTALL)
        yield path.name, html.unescape(told)
    book = openpyxl.load_workbook(folder / "workbook.xlsx", read_only=True)
    for sheet in book.worksheets:
        rows = list(sheet.iter_rows(values_only=True))
        yield (
            sheet.title,
            " \n ".join(str(cell) for row in rows for cell in row if cell is not None),
        )


def test_polish_pages_show_no_english_words(report: Report) -> None:
    told = {name: foreign(text, _ENGLISH)[:3] for name, text in pages_of(report.folder)}
    assert {name: places for name, places in told.items() if places} == {}


def test_english_pages_show_no_polish_words_but_the_clients_own_names(report: Report) -> None:
    told = {name: foreign(text, _POLISH)[:3] for name, text in pages_of(report.folder / "en")}
    assert {name: places for name, places in told.items() if places} == {}


def test_every_unit_and_every_source_has_a_name_in_polish(report: Report) -> None:
    known = {message.id for message in locale.read("pl")}
    told = [*report.ledger["exhibits"], *report.ledger["figures"].values()]
    names = {name for one in told for name in one.get("sources", one.get("source"))}
    units = {column["unit"] for one in told for column in one.get("columns", [one])}
    plain = {re.sub(r"^listed_|_(?:quarantine|counts|repairs)$", "", one) for one in names}
    assert {one.replace("_", " ") for one in plain} - known == set()
    assert units - known - {"text", "message", "date", "PLN"} == set()


def test_words_of_the_other_language_are_found() -> None:
    assert foreign("Udział customers w okresie", _ENGLISH) == ["Udział customers w okresie"]
    assert foreign("run/of/it audit.customers.active net_revenue", _ENGLISH) == []
    assert foreign("The share of klientów", _POLISH) == ["The share of klientów"]


def test_the_report_is_there_once_more_in_english(report: Report) -> None:
    """The same pages from the same payloads, and no notebook was run for them."""
    names = {path.name for path in report.folder.iterdir() if path.is_file()}
    assert names == {path.name for path in (report.folder / "en").iterdir() if path.is_file()}
    assert [name for name, _ in report.steps if name.endswith("/en")] == []
    polish, english = (
        pd.read_csv(folder / "exports" / "segments.csv", dtype=str)
        for folder in (report.folder, report.folder / "en")
    )
    assert polish["segment_id"].equals(english["segment_id"])
    assert not set(polish["segment"]) & set(english["segment"])


def test_polish_pages_show_the_clients_own_words(report: Report) -> None:
    page = "02-behavioural-segmentation.html"
    polish, english = (
        (folder / page).read_text("utf-8") for folder in (report.folder, report.folder / "en")
    )
    assert "Drogeria<" in polish and "Drugstore<" not in polish
    assert "Drugstore<" in english and "Drogeria<" not in english


def test_a_second_run_with_nothing_changed_takes_no_time(report: Report) -> None:
    make_report(report.engagement, report.folder.parents[1])
    start = time.perf_counter()
    again = make_report(report.engagement, report.folder.parents[1])
    assert time.perf_counter() - start < 3
    assert again.folder == report.folder
    assert again.steps == []


def test_a_gap_to_the_clients_own_figure_leaves_the_audit_alone(
    report: Report, tmp_path: Path
) -> None:
    own = copied(report, tmp_path)
    audit = make_report(
        own.engagement, tmp_path, out=tmp_path / "gap", overrides=["controls.net_revenue.value=1"]
    )
    assert audit.manifest["status"] == "NOT RECONCILED"
    assert "NIEUZGODNIONE" in (audit.folder / "01-data-audit.html").read_text("utf-8")
    assert "NOT RECONCILED" in (audit.folder / "en" / "01-data-audit.html").read_text("utf-8")
    assert not (audit.folder / "02-behavioural-segmentation.html").exists()


def test_a_check_that_stops_leaves_the_audit_alone_until_it_is_accepted(
    report: Report, tmp_path: Path
) -> None:
    own = copied(report, tmp_path)
    stops = ["checks.same_customer.stops=0.001"]
    audit = make_report(own.engagement, tmp_path, out=tmp_path / "stops", overrides=stops)
    assert audit.manifest["status"] == "CHECKS NOT PASSED"
    assert "CHECKS NOT PASSED" in (audit.folder / "en" / "01-data-audit.html").read_text("utf-8")
    assert not (audit.folder / "02-behavioural-segmentation.html").exists()
    with pytest.raises(RunError) as caught:
        make_report(own.engagement, tmp_path, notebook="04-kpi-design", overrides=stops)
    assert str(caught.value).endswith(
        "Fix: settle it with the client, or let it stand with accept in the check's section in the "
        "engagement file; until then only 01-data-audit can be run."
    )
    accepted = [*stops, 'checks.same_customer.accept={ reason = "known", owner = "Sales" }']
    whole = make_report(own.engagement, tmp_path, notebook="04-kpi-design", overrides=accepted)
    assert whole.manifest["status"] == ""


def test_a_trial_names_what_was_set_on_its_cover(report: Report, tmp_path: Path) -> None:
    own = copied(report, tmp_path)
    trial = make_report(
        own.engagement, tmp_path, notebook="01-data-audit", overrides=["consultant=Trial & Co"]
    )
    assert trial.folder.name == f"{own.folder.name}-01-data-audit"
    page = (trial.folder / "01-data-audit.html").read_text("utf-8")
    assert "consultant=Trial &amp; Co" in page


def test_a_mistake_in_what_was_given_leaves_the_last_report_untouched(
    report: Report, tmp_path: Path
) -> None:
    own = copied(report, tmp_path)
    before = {one: one.stat().st_mtime_ns for one in own.folder.rglob("*")}
    with pytest.raises(SourceError):
        make_report(own.engagement, tmp_path, out=own.folder, overrides=["as_of=2001-01-01"])
    assert {one: one.stat().st_mtime_ns for one in own.folder.rglob("*")} == before
