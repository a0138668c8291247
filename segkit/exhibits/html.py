"""Payloads as HTML: every value escaped, charts as drawings with a text for those who can't see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from segkit.exhibits.brand import brand
from segkit.exhibits.words import in_words, words
from segkit.language import say


def fragment(
    payload: Mapping[str, Any], language: str = "en", drawing: str | None = None, level: int = 3
) -> str:
    """One payload as a piece of a page.

    Parameters
    ----------
    drawing
        The chart's SVG; left out, the chart is drawn now, as in JupyterLab.
    level
        The level of a finding's heading.
    """
    told = {**in_words(payload, language), "level": level}
    if payload["type"] == "exhibit":
        return _exhibit(told, _drawing(payload, language, drawing), language)
    return _WRITERS[payload["type"]](told)


def alone(payload: Mapping[str, Any], language: str = "en") -> str:
    """One payload with a little style of its own, for a notebook that is open in Jupyter."""
    shown = fragment(payload, language)
    return f'<div class="segkit"><style>{_ALONE}</style>{shown}</div>' if shown else ""


_ALONE = """
.segkit { max-width: 52rem; margin: .4rem 0 }
.segkit .claim, .segkit .lead, .segkit .title { font-weight: 600; font-size: 1.1em; margin: .2em 0 }
.segkit .finding { border-left: 3px solid #0f6b6e; padding-left: .8em }
.segkit .tiles { display: flex; gap: 2em; margin: .6em 0 }
.segkit .tile { border-top: 2px solid #0f6b6e; padding-top: .3em; float: none }
.segkit .tile dt { float: none; font-weight: 400; font-size: .85em; width: auto }
.segkit .tile dd { float: none; white-space: nowrap; font-size: 1.4em; margin: 0 }
.segkit figure { margin: 1em 0 }
.segkit figcaption span { display: block }
.segkit .number, .segkit .subtitle, .segkit .source, .segkit .more { color: #666; font-size: .85em }
.segkit .grade { font-size: .75em; font-weight: 400; color: #666; margin-left: .6em }
.segkit .n { margin-left: .6em }
.segkit .table table { width: 100% }
.segkit .cards { display: grid; grid-template-columns: 1fr 1fr; gap: 1em }
.segkit .card { border-top: 2px solid #0f6b6e }
.segkit .card .name { font-weight: 600; margin: .3em 0 }
.segkit .txt { text-align: left !important; font-weight: 400 }
"""


def _drawing(payload: Mapping[str, Any], language: str, drawing: str | None) -> str:
    if payload["chart"] is None or drawing is not None:
        return drawing or ""
    from segkit.exhibits import charts

    return charts.svg(payload, language)


def _finding(told: Mapping[str, Any]) -> str:
    if told["is_withheld"]:
        return ""
    action = (
        f'<p class="action"><b>{escape(told["action_label"])}</b> '
        f'<span class="do">{escape(told["action"])}</span> '
        f"{_tag('span', 'owner', told['owner'])}</p>"
        if told["action"]
        else ""
    )
    return (
        f'<section class="finding"><h{told["level"]} class="claim">{escape(told["claim"])} '
        f"{_badge(told['grade'])}</h{told['level']}>"
        f"{_tag('p', 'so-what', told['so_what'])}{action}</section>"
    )


def _answer(told: Mapping[str, Any]) -> str:
    first, *rest = told["sentences"]
    return f'<section class="answer">{_tag("p", "lead", first)}{_tag("p", "", *rest)}</section>'


def _tiles(told: Mapping[str, Any]) -> str:
    tiles = "".join(
        f'<div class="tile"><dt>{escape(tile["label"])} {_badge(tile["grade"], quiet=True)}</dt>'
        f"<dd>{escape(tile['value'])}</dd></div>"
        for tile in told["tiles"]
    )
    return f'<dl class="tiles">{tiles}</dl>'


def _note(told: Mapping[str, Any]) -> str:
    return (
        f'<p class="note {escape(told["kind"])}"><b>{escape(told["label"])}</b> '
        f"{escape(told['text'])}</p>"
    )


_WRITERS = {"finding": _finding, "answer": _answer, "tiles": _tiles, "note": _note}


def _exhibit(told: Mapping[str, Any], drawing: str, language: str) -> str:
    body = _cards(told) if told["is_cards"] else table(told)
    if told["is_chart"]:
        behind = escape(words(say("The numbers behind it"), language))
        body = (
            f'<div class="chart" {_scrolls(told["title"])}>{inline(drawing, told["alt"])}</div>'
            + (f"<details><summary>{behind}</summary>{body}</details>" if told["rows"] else "")
        )
    return (
        f'<figure class="exhibit" id="{escape(_anchor(told["id"]))}"><figcaption>'
        f"{_tag('span', 'number', told['label'])}{_tag('span', 'title', told['title'])}"
        f"{_tag('span', 'subtitle', told['subtitle'])}</figcaption>{body}"
        f"{_tag('p', 'reading', told['reading'])}"
        f'<p class="source">{escape(told["source"])} {_tag("span", "n", told["n"])}'
        f"{_badge(told['grade'])}</p></figure>"
    )


def _cards(told: Mapping[str, Any]) -> str:
    """A card for each row: the first column is its name, the others stand under their headings."""
    _, *heads = told["heads"]
    cards = [
        f'<section class="card"><p class="name">{escape(row[0])}</p><dl>'
        + "".join(
            f"<dt>{escape(head)}</dt><dd>{escape(text)}</dd>"
            for head, text in zip(heads, row[1:], strict=True)
            if text
        )
        + "</dl></section>"
        for row in told["rows"]
    ]
    return f'<div class="cards">{"".join(cards)}</div>{_tag("p", "more", told["more"])}'


def table(told: Mapping[str, Any]) -> str:
    """A table that scrolls by itself where the page is narrow."""
    sides = ["num" if numeric else "txt" for numeric in told["numeric"]]
    head = "".join(
        f'<th scope="col" class="{side}">{escape(text)}</th>'
        for side, text in zip(sides, told["heads"], strict=True)
    )
    rows = "".join(f"<tr>{_row(row, sides)}</tr>" for row in told["rows"])
    whole = sum(told["widths"])
    columns = "".join(f'<col style="width:{100 * one / whole:.0f}%">' for one in told["widths"])
    return (
        f'<div class="table" {_scrolls(told["title"])}>'
        f'<table style="min-width:{0.36 * whole:.0f}em"><colgroup>'
        f"{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        f"{_tag('p', 'more', told['more'])}"
    )


def _row(row: list[str], sides: list[str]) -> str:
    first, *rest = zip(row, sides, strict=True)
    return f'<th scope="row" class="{first[1]}">{escape(first[0])}</th>' + "".join(
        f'<td class="{side}">{escape(text)}</td>' for text, side in rest
    )


def inline(drawing: str, alt: str) -> str:
    """A drawing that stands in a page: named for a screen reader, its colours the page's own."""
    drawing = re.sub(r' (xmlns(:xlink)?|version)="[^"]*"', "", drawing)
    drawing = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', "", drawing, count=1)
    for name, color in brand().colors.items():
        drawing = drawing.replace(color, f"var(--{name}, {color})")
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1)


def _badge(grade: Mapping[str, str], *, quiet: bool = False) -> str:
    """The grade's letter with its meaning; `quiet` leaves recorded numbers without one."""
    letter = grade["letter"]
    if not letter or (quiet and letter == "R"):
        return ""
    told = "" if letter == "R" else f"<b>{escape(letter)}</b> "
    return f'<span class="grade grade-{escape(letter)}">{told}{escape(grade["words"])}</span>'


def _tag(name: str, kind: str, *texts: str) -> str:
    """An element with these sentences, or nothing when there are none."""
    said = " ".join(text for text in texts if text)
    kind = f' class="{kind}"' if kind else ""
    return f"<{name}{kind}>{escape(said)}</{name}>" if said else ""


def _scrolls(name: str) -> str:
    """What a part needs that scrolls by itself: a name, and a place in the keyboard's order."""
    return f'role="group" tabindex="0" aria-label="{escape(name)}"'


def _anchor(id: str) -> str:
    return "exhibit-" + re.sub(r"[^a-z0-9]+", "-", id.casefold()).strip("-")
