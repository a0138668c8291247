from __future__ import annotations

import csv
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader
from report_client import AS_OF, HOSTILE, KINDS, exhibit, items, payload, run
from test_exhibits_fragments import Page

from segkit.errors import SegkitError
from segkit.report import Cover, RunContents, paper, prose, render, sheets
from segkit.report.drawing import draw_all
from segkit.report.notebook import Outline

FILES = [
    "01-data-audit.html",
    "01-data-audit.pdf",
    "exports/memberships.csv",
    "exports/segments.csv",
    "index.html",
    "report.pdf",
    "workbook.xlsx",
]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> RunContents:
    return run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def out(given: RunContents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "made"
    render(given, folder, 1)
    return folder


def page(path: Path) -> Page:
    return Page(path.read_text("utf-8"))


def pdf_text(path: Path) -> str:
    return " ".join(" ".join(one.extract_text() for one in PdfReader(path).pages).split())


def test_a_run_becomes_these_files(out: Path) -> None:
    made = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert made == FILES


def test_the_same_run_gives_the_same_bytes(given: RunContents, out: Path, tmp_path: Path) -> None:
    render(given, tmp_path, 2)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes(), name


def test_a_page_loads_nothing_and_runs_nothing(out: Path) -> None:
    for path in out.glob("*.html"):
        text, parsed = path.read_text("utf-8"), page(path)
        assert "script" not in {tag for tag, _ in parsed.tags}
        assert not {"src", "srcset", "xlink:href"} & {
            name for tag, attrs in parsed.tags for name in attrs if tag not in ("use", "image")
        }
        links = [attrs["href"] for tag, attrs in parsed.tags if tag == "a"]
        assert links and all(re.fullmatch(r"[\w./-]+\.(html|pdf|xlsx|csv)", one) for one in links)
        assert all(one.startswith(("data:", "#")) for one in re.findall(r"url\(([^)]*)", text))
        assert not re.search(r"https?://", text)
        assert len(text.encode()) < 1_500_000


def test_a_page_shows_hostile_words_as_they_stand_and_no_code(out: Path) -> None:
    text = page(out / "01-data-audit.html").text
    for word in HOSTILE:
        assert word in text
    assert "secret_code" not in text and "chatter" not in text
    assert "<script>x</script>" in text


def test_a_page_has_a_language_a_title_and_one_main_heading(out: Path) -> None:
    for path in out.glob("*.html"):
        tags = page(path).tags
        assert dict(tags)["html"]["lang"] == "en"
        levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h\d", tag)]
        assert levels.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(levels)), levels


def test_the_title_of_a_notebook_is_the_page_s_and_stands_once(out: Path) -> None:
    assert page(out / "01-data-audit.html").text.count("Who is <b>first</b>?") == 1


def test_the_portal_ranks_findings_with_their_money_and_leads_to_every_file(out: Path) -> None:
    parsed = page(out / "index.html")
    assert "PLN 1.2 million" in parsed.text and "All customers are alike" not in parsed.text
    links = {attrs.get("href") for tag, attrs in parsed.tags if tag == "a"}
    assert set(FILES) - {"index.html"} <= links


def test_a_status_and_notes_stand_on_every_cover(tmp_path: Path) -> None:
    given = run(tmp_path / "run", status="NOT RECONCILED", notes=("A trial, with k=5.",))
    render(given, tmp_path / "out", 1)
    for name in ("index.html", "01-data-audit.html"):
        assert "NOT RECONCILED" in page(tmp_path / "out" / name).text
        assert "A trial, with k=5." in page(tmp_path / "out" / name).text
    for name in ("report.pdf", "01-data-audit.pdf"):
        assert "NOT RECONCILED" in pdf_text(tmp_path / "out" / name)
        assert "A trial, with k=5." in pdf_text(tmp_path / "out" / name)


@pytest.mark.parametrize(
    ("language", "period", "number"),
    [("pl", "1,2 mln", "mln zł"), ("da", "1,2 mio.", "mio. PLN"), ("ro", "1,2", "mil. PLN")],
)
def test_a_report_in_another_language_writes_its_numbers(
    language: str, period: str, number: str, tmp_path: Path
) -> None:
    render(run(tmp_path / "run", language=language), tmp_path / "out", 1)
    text = page(tmp_path / "out" / "01-data-audit.html").text
    assert period in text.replace("\xa0", " ") and number in text
    assert number.split()[1] in pdf_text(tmp_path / "out" / "report.pdf")


def test_a_report_is_rendered_once_more_in_each_further_language(tmp_path: Path) -> None:
    """The same payloads, a folder a language, and a way from one portal to the other."""
    given = run(tmp_path / "run", language="pl", elsewhere=(("en", "en/index.html"),))
    english = replace(given.cover, language="en", elsewhere=(("pl", "../index.html"),))
    render(given, tmp_path / "out", 2, [english])
    names = ("index.html", "01-data-audit.html", "01-data-audit.pdf", "report.pdf", "workbook.xlsx")
    assert [name for name in names if not (tmp_path / "out" / "en" / name).is_file()] == []
    first, second = (page(tmp_path / "out" / part / "index.html") for part in ("", "en"))
    assert "Stan na 31 marca 2026" in first.text and "English" in first.text
    assert "As of 31 March 2026" in second.text and "Polski" in second.text
    assert "en/index.html" in (tmp_path / "out" / "index.html").read_text("utf-8")
    book = openpyxl.load_workbook(tmp_path / "out" / "workbook.xlsx", read_only=True)
    again = openpyxl.load_workbook(tmp_path / "out" / "en" / "workbook.xlsx", read_only=True)
    assert "liczby" in book.sheetnames and "figures" in again.sheetnames
    alone = run(tmp_path / "run", language="en")
    render(alone, tmp_path / "alone", 1)
    for name in ("01-data-audit.pdf", "exports/segments.csv"):
        assert (tmp_path / "alone" / name).read_bytes() == (
            tmp_path / "out" / "en" / name
        ).read_bytes()


# --- PDF -----------------------------------------------------------------------------------------


def test_a_pdf_holds_hostile_words_as_they_stand(out: Path) -> None:
    text = pdf_text(out / "report.pdf")
    for word in ("<script>alert", "=1+1", '#eval("x")', "*bold*", "back\\slash"):
        assert word in text
    assert "secret_code" not in text


def test_a_pdf_has_bookmarks_a_title_a_language_and_tags(out: Path) -> None:
    reader = PdfReader(out / "report.pdf")
    titles = [str(one["/Title"]) for one in reader.outline if isinstance(one, dict)]
    assert "Who is <b>first</b>?" in titles
    assert reader.metadata is not None
    assert reader.metadata.title == f"Customer segments – Łoś & {HOSTILE[0]}"
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en" and root["/MarkInfo"]["/Marked"]


def test_every_page_tells_its_number_client_day_and_confidence(out: Path) -> None:
    pages = PdfReader(out / "report.pdf").pages
    for place, one in enumerate(pages, start=1):
        text = " ".join(one.extract_text().split())
        assert f"Page {place} of {len(pages)}" in text
        assert "As of 31 March 2026" in text and "Confidential: prepared for Łoś" in text


def test_fonts_are_embedded_and_are_the_brands(out: Path) -> None:
    fonts = {
        str(font.get_object()["/BaseFont"]): font.get_object()
        for one in PdfReader(out / "report.pdf").pages
        for font in one["/Resources"].get("/Font", {}).values()
    }
    assert {name.split("+")[-1].split("-Identity")[0] for name in fonts} >= {
        "Inter-Regular",
        "Inter-SemiBold",
    }
    for font in fonts.values():
        described = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(described)


def test_claims_that_do_not_hold_are_listed_in_the_appendix(out: Path) -> None:
    text = pdf_text(out / "report.pdf")
    assert "These claims were tested on the data and do not hold: – All customers are alike" in text


def test_an_unknown_font_stops_the_pdf() -> None:
    cover = Cover("C", "T", AS_OF, "p")
    source = '#set document(title: "x")\n#set text(font: "Nowhere Sans")\nHello'
    with pytest.raises(SegkitError) as stopped:
        paper.compiled(source, cover)
    assert str(stopped.value) == (
        "The PDF can't be set: unknown font family: nowhere sans.\n"
        "Fix: check templates/pdf and templates/brand.toml."
    )


# --- workbook and exports ------------------------------------------------------------------------


def test_no_cell_of_the_workbook_is_a_formula(out: Path) -> None:
    book = openpyxl.load_workbook(out / "workbook.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "b"}
    assert [cell.value for cell in cells].count("=1+1") >= 2
    assert all(cell.hyperlink is None or cell.hyperlink.location for cell in cells)


def test_the_workbook_has_a_table_for_every_exhibit_and_the_ledger(out: Path) -> None:
    book = openpyxl.load_workbook(out / "workbook.xlsx")
    names = book.sheetnames
    assert len(names) == 1 + (1 + len(KINDS)) + 3
    assert names[0] == "Contents" and names[-3:] == ["segments", "findings", "figures"]
    assert all(len(name) <= 31 and not set("[]:*?/\\") & set(name) for name in names)
    assert len({name.casefold() for name in names}) == len(names)
    assert all(sheet.tables for sheet in book.worksheets[1:])
    money = book.worksheets[1]["C6"]
    assert (money.value, money.number_format, money.data_type) == (250_000, "#,##0", "n")


def test_the_segment_list_names_customers_and_segments(out: Path) -> None:
    raw = (out / "exports" / "segments.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(raw.decode("utf-8-sig").splitlines())) == [
        ["customer_id", "customer", "segment_id", "segment"],
        ["'=1+1", "'@x", "b", "Tail"],
        ["C1", "Łódź", "a", "Core"],
        ["C2", "'-2", "b", "Tail"],
    ]


def test_the_membership_list_names_groups_and_the_segment_each_meets(out: Path) -> None:
    raw = (out / "exports" / "memberships.csv").read_bytes()
    assert list(csv.reader(raw.decode("utf-8-sig").splitlines())) == [
        ["customer_id", "customer", "group_id", "group", "segment_id", "segment", "as_of"],
        ["'=1+1", "'@x", "low", "'+Low", "b", "Tail", "2026-03-31"],
        ["C9", "", "low", "'+Low", "", "", "2026-03-31"],  # it ordered nothing in the window
    ]


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n"])
def test_text_like_a_formula_is_inert_in_csv(value: str) -> None:
    assert sheets.inert(value) == f"'{value}"


def test_a_run_without_segments_has_no_segment_list(tmp_path: Path) -> None:
    given = run(tmp_path / "run")
    bare = RunContents(given.cover, given.notebooks, given.ledger, given.parts, {})
    render(bare, tmp_path / "out", 1)
    assert not (tmp_path / "out" / "exports").exists()
    assert "segments.csv" not in page(tmp_path / "out" / "index.html").text


# --- parts ---------------------------------------------------------------------------------------


def test_charts_are_the_same_from_one_process_and_from_several() -> None:
    told = [payload(exhibit(kind)) for kind in KINDS]
    assert draw_all(told, ["en"], 1) == draw_all(told, ["en"], 2)
    assert list(draw_all(told, ["en"], 1)["en"]) == [f"test.{kind}" for kind in KINDS]


def test_only_charts_are_drawn() -> None:
    assert draw_all([payload(item) for item in items()[:6]], ["en"]) == {"en": {}}


def test_markdown_comes_out_without_its_markup() -> None:
    source = "A *b* **c** `d` ~~e~~ [f](http://x) ![g](http://y) <i>h</i>  \ni"
    source += "\n\n1. j\n\n> k\n\n---\n\n```\nl\n```"
    shown = prose.to_html(source)
    assert "http" not in shown and "<i>" not in shown and "&lt;i&gt;h" in shown
    set_ = prose.to_typst(source)
    assert "http" not in set_
    for call in (
        "#emph[",
        "#strong[",
        "#raw(",
        "#strike[",
        "#enum(",
        "#quote(",
        "#linebreak()",
        "#line(",
    ):
        assert call in set_


def test_prose_is_looked_up_in_the_catalogue_block_by_block() -> None:
    assert prose.in_language("# Title {x}\n\nText.", "pl") == "# Title {x}\n\nText."


def test_headings_skip_no_level() -> None:
    outline = Outline()
    assert outline.below == 2
    assert outline.levelled("#### A\n\n```\n# code\n```\n\n# B\n\n#### C") == (
        "## A\n\n```\n# code\n```\n\n## B\n\n### C"
    )
    assert outline.below == 3


def test_a_range_that_is_drawn_is_in_the_sheet(out: Path) -> None:
    book = openpyxl.load_workbook(out / "workbook.xlsx")
    heads = [[cell.value for cell in sheet[5]] for sheet in book.worksheets[1:]]
    ranged = [head for head in heads if "Low, PLN" in head]
    assert ranged and all("High, PLN" in head for head in ranged)


def test_names_from_data_never_become_paths(tmp_path: Path) -> None:
    hostile = run(tmp_path / "run", client="../../evil/<b>", title="../up")
    before = set(tmp_path.rglob("*"))
    render(hostile, tmp_path / "a" / "b" / "out", 1)
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert made
    assert all(path.is_relative_to(tmp_path / "a" / "b" / "out") for path in made)
    assert not (tmp_path / "a" / "evil").exists()
