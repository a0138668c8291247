"""The last page: files by hash, what was set, versions and seeds; names that lead there."""

from __future__ import annotations

from dataclasses import replace

import pypdf
import pytest
from unit.report_client import run

from segkit.flow.keys import _settings
from segkit.report import origins, paper, render
from segkit.report.pages import linked

HASH = "0123456789abcdef" * 4
MANIFEST = {
    "parameters": {"overrides": ["segmentation.k=5"]},
    "agreed": {"client": "Skovbæk & Søn", "also_in": ["da", "pl"], "window_months": 24},
    "versions": {"python": "3.11.7", "segkit": "0.1.0"},
    "seeds": {"numpy": 7},
    "inputs": {
        "order_lines": [
            {"file": "a.csv", "sha256": HASH, "rows": 1200, "accepted": 1190, "quarantined": 10},
            {"file": "=b.csv", "sha256": HASH, "rows": None, "accepted": None, "quarantined": None},
        ],
        "customers": [
            {"file": "k.xlsx", "sha256": HASH, "rows": 5, "accepted": 5, "quarantined": 0}
        ],
    },
}


@pytest.fixture
def made(tmp_path):
    return replace(run(tmp_path / "run"), manifest=MANIFEST)


def test_every_file_stands_with_its_hash_and_rows(made):
    files, settings, versions = origins.origins(made)
    assert files["rows"] == [
        ["order lines", "a.csv", "0123456789ab", "1,200", "1,190", "10"],
        ["order lines", "=b.csv", "0123456789ab", "–", "–", "–"],
        ["customers", "k.xlsx", "0123456789ab", "5", "5", "0"],
    ]
    assert settings["rows"] == [
        ["--set", "segmentation.k=5"], ["client", "Skovbæk & Søn"], ["also_in", "da, pl"],
        ["window_months", "24"],
    ]  # fmt: skip
    assert versions["rows"] == [["python", "3.11.7"], ["segkit", "0.1.0"], ["Seed: numpy", "7"]]


def test_a_run_without_a_manifest_has_no_such_page(made):
    assert origins.origins(replace(made, manifest={})) == []


def test_the_last_page_of_the_report_names_the_files(made, tmp_path):
    out = tmp_path / "out"
    render(made, out, 1)
    pages = [page.extract_text() for page in pypdf.PdfReader(out / "report.pdf").pages]
    assert "Where the numbers come from" in "".join(pages[-2:])
    assert "0123456789ab" in "".join(pages[-2:])
    portal = (out / "index.html").read_text("utf-8")
    assert 'id="from-order_lines"' in portal
    assert "Skovbæk &amp; Søn" in portal
    page = (out / "01-data-audit.html").read_text("utf-8")
    assert '<a href="index.html#from-order_lines">order lines</a>' in page


def test_the_same_run_gives_the_same_bytes(made, tmp_path):
    for name in "ab":
        render(made, tmp_path / name, 1)
    for file in ("index.html", "report.pdf", "workbook.xlsx"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_only_source_lines_are_linked_and_text_stays_text(made):
    page = '<p>order lines</p><p class="source">Source: customers, x&lt;y. As of …</p>'
    assert linked(page, made) == (
        '<p>order lines</p><p class="source">Source: '
        '<a href="index.html#from-customers">customers</a>, x&lt;y. As of …</p>'
    )


def test_settings_are_told_by_their_key():
    told = {"a": 1, "b": {"c": None, "d": {"e": "x"}}, "f": [], "g": [1, 2]}
    assert list(_settings(told)) == [("a", 1), ("b.d.e", "x"), ("g", [1, 2])]


def test_the_glossary_stands_in_the_languages_it_has(made):
    chapters = origins.glossary(made)
    assert [one["heading"] for one in chapters][:2] == ["Ground", "Orders and money"]
    assert chapters[0]["heads"] == ["term", "definition", "watch out"]
    in_polish = replace(made, cover=replace(made.cover, language="pl"))
    assert origins.glossary(in_polish)[0]["heads"] == ["pojęcie", "definicja", "uwaga"]
    assert paper._tables(origins._FILES[0], [], made.cover) == ""
