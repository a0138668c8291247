"""What holds of every report, whoever the client is: a class of tests that asks for `report`."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pypdf
import pytest

from segkit import flow

NOTEBOOKS = (
    "00-summary",
    "01-data-audit",
    "02-behavioural-segmentation",
    "03-route-to-market",
    "04-kpi-design",
    "09-assumptions",
)
#: Ids that other programs read; more exist.
CONTRACT = (
    *(f"audit.order_lines.rows_{one}" for one in ("read", "accepted", "quarantined")),
    *(
        f"audit.net_revenue.{one}"
        for one in (
            "read", "rounding", "accepted", "quarantined", "unassigned", "before_window",
            "in_window", "after_as_of",
        )
    ),
    "audit.customers.seen",
    "audit.customers.active",
    "segments.count",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """A report that was made, and what its ledger says."""

    folder: Path
    engagement: Path
    steps: list[tuple[str, str]] = field(default_factory=list)

    @cached_property
    def ledger(self) -> dict[str, Any]:
        return json.loads((self.folder / "run" / "ledger.json").read_text("utf-8"))

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.folder / "run" / "manifest.json").read_text("utf-8"))

    def value(self, id: str) -> Any:
        told = self.ledger["figures"][id]["value"]
        return Decimal(str(told)) if isinstance(told, float) else told

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "run" / "tables" / f"{name}.parquet")


def make_report(engagement: Path, reports: Path, **given: Any) -> Report:
    """Run the chain with its reports and tables in a folder of the test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGKIT_REPORTS", str(reports))
        steps: list[tuple[str, str]] = []
        index = flow.run(engagement, progress=lambda *step: steps.append(step), **given)
    return Report(index.parent, engagement, steps)


def copied(report: Report, folder: Path) -> Report:
    """The report with its store in a folder of its own, to be broken at will."""
    client = shutil.copytree(report.folder.parent, folder / report.folder.parent.name)
    return Report(client / report.folder.name, report.engagement)


class WholeReport:
    """The output folder is complete, its files open anywhere, and its ledger ties."""

    def test_every_file_is_there(self, report: Report) -> None:
        names = {"index.html", "report.pdf", "workbook.xlsx", "exports/segments.csv"}
        names |= {f"{name}.{kind}" for name in NOTEBOOKS for kind in ("html", "pdf")}
        names |= {f"run/notebooks/{name}.ipynb" for name in NOTEBOOKS}
        names |= {"run/ledger.json", "run/manifest.json", "run/tables/order_lines.parquet"}
        assert not [name for name in sorted(names) if not (report.folder / name).is_file()]

    def test_the_ledger_holds_every_figure_of_the_contract(self, report: Report) -> None:
        assert set(report.ledger) == {"figures", "findings", "exhibits", "identities"}
        assert not [id for id in CONTRACT if id not in report.ledger["figures"]]
        keys = {"value", "unit", "period", "n", "low", "high", "grade", "source"}
        assert all(set(figure) == keys for figure in report.ledger["figures"].values())

    def test_every_identity_holds(self, report: Report) -> None:
        identities = report.ledger["identities"]
        assert len(identities) >= 5
        assert [one for one in identities if not one["holds"]] == []
        assert {type(one["holds"]) for one in identities} == {bool}

    def test_customers_and_revenue_tie_from_the_audit_to_the_segments(self, report: Report) -> None:
        ids = list(report.table("segment_definitions")["segment_id"])
        assert len(ids) == report.value("segments.count")
        customers = sum(report.value(f"segments.{id}.customers") for id in ids)
        assert customers == report.value("audit.customers.active")
        revenue = sum(report.value(f"segments.{id}.net_revenue") for id in ids)
        window, unassigned = ("audit.net_revenue." + one for one in ("in_window", "unassigned"))
        assert revenue + report.value(unassigned) == report.value(window)

    def test_findings_rest_on_figures_and_are_ranked_by_money(self, report: Report) -> None:
        figures, findings = report.ledger["figures"], report.ledger["findings"]
        assert findings
        assert not [id for one in findings for id in one["figures"] if id not in figures]
        at_stake = [abs(figures[one["money"]]["value"]) for one in findings if one["money"]]
        assert at_stake == sorted(at_stake, reverse=True)
        without = [one["money"] is None for one in findings]
        assert without == sorted(without), "a finding without money stands above one with money"

    def test_every_sum_carries_its_lines_and_every_finding_its_words(self, report: Report) -> None:
        figures = report.ledger["figures"]
        sums = [id for id in CONTRACT if id.startswith("audit.net_revenue.")]
        assert [id for id in sums if figures[id]["n"] is None] == []
        lines = figures["audit.order_lines.rows_read"]["value"]
        assert figures["audit.net_revenue.read"]["n"] == lines
        said = [one["text"] for one in report.ledger["findings"]]
        assert all(said) and not [text for text in said if "{" in text]

    def test_the_workbooks_numbers_are_numbers(self, report: Report) -> None:
        book = openpyxl.load_workbook(report.folder / "workbook.xlsx", read_only=True)
        number = re.compile(r"-?\d+\.\d+")
        sheet = next(book[name] for name in ("figures", "liczby") if name in book.sheetnames)
        told = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row
                if isinstance(cell, str) and number.fullmatch(cell)]  # fmt: skip
        assert told == []

    @pytest.mark.parametrize("name", ["index", *NOTEBOOKS])
    def test_a_page_is_small_and_refers_to_nothing_outside(self, report: Report, name: str) -> None:
        page = (report.folder / f"{name}.html").read_text("utf-8")
        assert len(page.encode()) < 1_500_000
        outside = (
            r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//|@import|url\(["']?(?:https?:)?//"""
        )
        assert re.findall(outside, page) == []
        assert "<html" in page and "lang=" in page

    @pytest.mark.parametrize("name", ["report", *NOTEBOOKS])
    def test_a_pdf_has_text_bookmarks_page_numbers_and_its_fonts(
        self, report: Report, name: str
    ) -> None:
        pdf = pypdf.PdfReader(report.folder / f"{name}.pdf")
        text = "".join(page.extract_text() for page in pdf.pages)
        assert len(text) > 500
        assert pdf.outline
        assert pdf.metadata and pdf.metadata.title
        assert re.search(rf"\b{len(pdf.pages)}\b", pdf.pages[-1].extract_text())
        assert _unembedded(pdf) == []

    def test_the_workbook_has_a_sheet_for_every_exhibit(self, report: Report) -> None:
        book = openpyxl.load_workbook(report.folder / "workbook.xlsx", read_only=True)
        assert len(book.sheetnames) > len(report.ledger["exhibits"]) > 0

    def test_every_active_customer_is_exported_once_with_a_segment(self, report: Report) -> None:
        exported = pd.read_csv(report.folder / "exports" / "segments.csv", dtype=str)
        assert exported["customer_id"].is_unique
        assert len(exported) == report.value("audit.customers.active")
        assert exported["segment_id"].str.fullmatch("[a-z][a-z0-9_]*").all()

    def test_the_manifest_names_inputs_and_versions_and_no_folder(self, report: Report) -> None:
        assert set(report.manifest["versions"]) >= {"python", "segkit", "duckdb", "typst"}
        files = [one for table in report.manifest["inputs"].values() for one in table]
        assert all(re.fullmatch("[0-9a-f]{64}", one["sha256"]) for one in files)
        assert str(report.folder.parents[1]) not in json.dumps(report.manifest)

    def test_titles_are_at_most_fifteen_words(self, report: Report) -> None:
        from segkit.language import render

        titles = [one["title"] for one in report.ledger["exhibits"]]
        titles += [one["claim"] for one in report.ledger["findings"]]
        # an amount such as EUR 4.2 million is one word
        assert [one["text"] for one in titles if len(one["text"].split()) > 15] == []
        assert [text for one in titles if len((text := render(one)).split()) > 20] == []


def _unembedded(pdf: pypdf.PdfReader) -> list[str]:
    fonts = [
        font.get_object()
        for page in pdf.pages
        for font in page["/Resources"].get("/Font", {}).values()
    ]
    assert fonts
    parts = [one.get_object() for font in fonts for one in font.get("/DescendantFonts", [font])]
    descriptors = [one.get("/FontDescriptor", {}) for one in parts]
    return [
        str(descriptor)
        for descriptor in descriptors
        if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.get_object())
    ]
