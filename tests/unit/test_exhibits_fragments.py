from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from report_client import HOSTILE, KINDS, exhibit, items, payload, sample

from segkit.exhibits import Finding, Note, html, typst
from segkit.exhibits.words import in_words
from segkit.language import Value, say


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_words_are_words_on_a_page() -> None:
    page = Page("".join(html.fragment(payload(item), "en") for item in items()))
    assert not {"script", "b onclick", "img"} & {tag for tag, _ in page.tags}
    assert all(not name.startswith("on") for _, attrs in page.tags for name in attrs)
    for word in HOSTILE:
        assert word in page.text


def test_a_chart_has_a_name_for_those_who_cannot_see_it() -> None:
    for kind in KINDS:
        page = Page(html.fragment(payload(exhibit(kind)), "en"))
        svg = next(attrs for tag, attrs in page.tags if tag == "svg")
        assert svg["role"] == "img" and HOSTILE[0] in svg["aria-label"]


def test_a_given_drawing_is_not_drawn_again() -> None:
    assert "<svg" in html.fragment(payload(exhibit("bars")), "en", "<svg ></svg>")
    assert (
        "Customer"
        not in html.fragment(payload(exhibit("bars")), "en", "<svg ></svg>").split("<details>")[0]
    )


def test_a_withheld_finding_is_not_on_the_page() -> None:
    withheld = payload(Finding("x.y", say("All is well"), False, say("Rest.")))
    assert html.fragment(withheld, "en") == typst.fragment(withheld, "en") == ""


def test_rows_that_are_not_shown_are_counted() -> None:
    told = in_words(payload(exhibit(data=sample(20), rows_shown=15)), "en")
    assert len(told["rows"]) == 15
    assert told["more"] == "5 more rows in the workbook"
    assert in_words(payload(exhibit(data=sample(16), rows_shown=15)), "en")["more"] == (
        "1 more row in the workbook"
    )
    assert in_words(payload(exhibit(data=sample(15), rows_shown=15)), "en")["more"] == ""


def test_a_table_says_the_unit_once_and_sets_numbers_right() -> None:
    told = in_words(payload(exhibit()), "en")
    assert told["heads"] == ["Customer", "Group", "Net revenue, PLN million", "Orders"]
    assert told["numeric"] == [False, False, True, True]
    assert [row[2] for row in told["rows"]] == ["0.2", "0.5", "0.8", "1.0", "1.2"]


def test_an_empty_table_has_its_headings() -> None:
    page = Page(html.fragment(payload(exhibit(data=sample(0))), "en"))
    assert "Net revenue" in page.text


def test_an_exhibit_tells_source_day_count_and_grade() -> None:
    text = Page(html.fragment(payload(exhibit()), "en")).text
    assert "Source: order lines. As of 31 March 2026." in text
    assert "n = 5" in text and "association" in text


@pytest.mark.parametrize("text", [*HOSTILE, "a\nb", "\x00\x1b[1m", "}]) #panic()", '"; #x', "\\"])
def test_text_cannot_leave_a_typst_literal(text: str) -> None:
    import typst as compiler

    source = f"#metadata(({typst.literal({'told': text})},).first().told) <told>"
    found = compiler.query(source.encode(), "<told>", field="value", one=True)
    import json

    assert json.loads(found) == typst.displayable(text)


def test_cards_are_headed_by_their_first_column_and_leave_out_what_is_empty() -> None:
    frame = sample(2).assign(group=["one", ""])
    told = payload(exhibit(data=frame, layout="cards"))
    page = html.fragment(told, "en")
    assert page.count('<section class="card"><p class="name">') == 2
    assert "<table" not in page and page.count("<dt>Group</dt><dd>one</dd>") == 1
    assert page.count("<dt>Group</dt>") == 1
    assert HOSTILE[0] in Page(page).text and "<script" not in page
    assert '"is_cards": true' in typst.fragment(told, "en")


def test_a_note_says_what_kind_it_is() -> None:
    page = html.fragment(payload(Note(say("No visits."), "missing")), "en")
    assert page == '<p class="note missing"><b>Missing</b> No visits.</p>'


def test_an_amount_in_a_claim_is_not_torn_apart() -> None:
    claim = say("They brought in {worth}, or 3 thousandths", worth=Value(16_000_000, "PLN"))
    payload = Finding("x", claim, True, say("So.")).as_json()
    assert (
        in_words(payload)["claim"] == "They brought in PLN\u00a016.0\u00a0million, or 3 thousandths"
    )
