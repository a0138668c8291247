"""PDF: the same payloads through Typst, tagged for screen readers, the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import typst

from segkit.errors import SegkitError
from segkit.exhibits.brand import FONTS, TEMPLATES, brand
from segkit.exhibits.typst import literal
from segkit.exhibits.words import words
from segkit.language import Message, render, say
from segkit.report import Cover, RunContents
from segkit.report.notebook import Chapter, Exporter
from segkit.report.origins import Told, glossary, origins
from segkit.report.pages import as_of, confidential, facts


def jobs(
    run: RunContents, chapters: Sequence[Chapter], drawings: Mapping[str, str], out: Path
) -> list[Callable[[], None]]:
    """One job a PDF: each chapter's own, and the report that holds them all."""
    exporter = Exporter("pdf", "text/x-typst")
    cover = run.cover
    bodies = [
        _opening(chapter) + exporter.body(chapter, drawings, language=cover.language)
        for chapter in chapters
    ]
    made = [
        partial(
            _write, out / f"{chapter.name}.pdf", _document(cover, chapter.question, body), cover
        )
        for chapter, body in zip(chapters, bodies, strict=True)
    ]
    whole = "#cover()\n" + "".join(f"#pagebreak(weak: true)\n{body}\n" for body in bodies)
    whole += _appendix(chapters, cover)
    whole += _tables(say("Glossary"), glossary(run), cover)
    whole += _tables(say("Where the numbers come from"), origins(run), cover)
    last = partial(
        _write, out / "report.pdf", _document(cover, cover.title, whole, has_cover=True), cover
    )
    return [last, *made]


def _opening(chapter: Chapter) -> str:
    return f"#opening({literal(chapter.question)}, {literal(chapter.section)})\n#warnings()\n"


def _appendix(chapters: Sequence[Chapter], cover: Cover) -> str:
    """The claims that were checked and do not hold for this client."""
    withheld = [
        render(payload["claim"], cover.language)
        for chapter in chapters
        for payload in chapter.payloads
        if payload["type"] == "finding" and payload["is_withheld"]
    ]
    if not withheld:
        return ""
    title = words(say("Checked, and not so here"), cover.language)
    lead = words(say("These claims were tested on the data and do not hold:"), cover.language)
    items = ", ".join(f"[#{literal(one)};]" for one in withheld)
    head = f"#pagebreak(weak: true)\n#heading(level: 1, {literal(title)})\n"
    return f"{head}#{literal(lead)};\n#list({items})\n"


def _tables(title: Message, told: Sequence[Told], cover: Cover) -> str:
    """A page of tables under one title; nothing where there is none."""
    if not told:
        return ""
    name = literal(words(title, cover.language))
    head = f"#pagebreak(weak: true)\n#[#metadata({name}) <section>]\n#heading(level: 1, {name})\n"
    return head + "".join(
        f"#heading(level: 2, outlined: false, {literal(one['heading'])})\n"
        f"#grid-table({literal(one)})\n"
        for one in told
    )


def _document(cover: Cover, title: str, body: str, *, has_cover: bool = False) -> str:
    """A whole Typst document: the brand, the words of the margins, the look, the body."""
    look, language = brand(), cover.language
    page = words(say("Page {page} of {pages}", page="{page}", pages="{pages}"), language)
    told: dict[str, Any] = {
        "title": f"{title} – {cover.client}",
        "author": cover.consultant or look.name or "segkit",
        "client": cover.client,
        "report": cover.title,
        "language": language,
        "as_of": as_of(cover),
        "confidential": confidential(cover),
        "page": page,
        "contents": words(say("Contents"), language),
        "facts": facts(cover),
        "status": cover.status or "",
        "notes": cover.notes,
        "has_cover": has_cover,
    }
    style = (TEMPLATES / "pdf" / "report.typ").read_text("utf-8")
    colors = {"font": look.font, "logo": look.logo_svg, "colors": look.colors}
    return f"#let brand = {literal(colors)}\n#let told = {literal(told)}\n{style}\n{body}"


def _write(path: Path, source: str, cover: Cover) -> None:
    path.write_bytes(compiled(source, cover))


def compiled(source: str, cover: Cover) -> bytes:
    """A Typst document as PDF/UA-1; a font that isn't there or any other warning stops it.

    Raises
    ------
    SegkitError
        If Typst warns or refuses.
    """
    day = cover.as_of
    try:
        made, warned = typst.compile_with_warnings(
            source.encode(),
            format="pdf",
            font_paths=_fonts(),
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
            timestamp=datetime(day.year, day.month, day.day, tzinfo=UTC),
        )
    except typst.TypstError as error:
        raise SegkitError(_in_words(error.message)) from error
    if warned:
        raise SegkitError(_in_words(warned[0].message))
    return bytes(made)


@lru_cache
def _fonts() -> typst.Fonts:
    """Our own fonts and Typst's, never the machine's."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(FONTS)])


def _in_words(said: str) -> str:
    return f"The PDF can't be set: {said}.\nFix: check templates/pdf and templates/brand.toml."
