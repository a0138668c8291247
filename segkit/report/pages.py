"""HTML: one file a page, nothing loaded from elsewhere, no script."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from segkit.exhibits import html
from segkit.exhibits.brand import TEMPLATES, brand
from segkit.exhibits.words import in_words, words
from segkit.language import say, say_n, term, write_date, write_value
from segkit.report import Cover, RunContents
from segkit.report.notebook import Chapter, Exporter
from segkit.report.origins import anchor, origins


def write(
    run: RunContents, chapters: Sequence[Chapter], drawings: Mapping[str, str], out: Path
) -> None:
    """Write a page a chapter, and the way in."""
    exporter = Exporter("html", "text/html")
    language = run.cover.language
    for chapter in chapters:
        page = _page(run.cover, chapters, chapter.name, chapter.section)
        text = exporter.body(
            chapter, drawings, language=language, page=page, question=chapter.question
        )
        (out / f"{chapter.name}.html").write_text(linked(text, run), "utf-8")
    portal = exporter.environment.get_template("portal.html.j2")
    page = _page(run.cover, chapters, "index", words(say("Overview"), language))
    page["words"] |= _portal_words(run, language)
    shown = portal.render(
        page=page,
        findings=_findings(run, language),
        pages=_pages(chapters),
        files=_files(run, language),
        origins=_origins(run),
        elsewhere=[{"href": href, "name": _own_name(one)} for one, href in run.cover.elsewhere],
    )
    (out / "index.html").write_text(shown, "utf-8")


def linked(page: str, run: RunContents) -> str:
    """A page whose source lines lead from a table's name to the client files behind it."""
    given = run.manifest.get("inputs", {})
    names = {escape(words(term(name), run.cover.language)): name for name in given}
    if not names:
        return page
    known = re.compile(rf"\b({'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})\b")

    def lead(line: re.Match[str]) -> str:
        return known.sub(
            lambda one: f'<a href="index.html#{anchor(names[one[0]])}">{one[0]}</a>', line[0]
        )

    return re.sub(r'(?<=<p class="source">)[^<]+', lead, page)


def _origins(run: RunContents) -> list[dict[str, Any]]:
    """The tables of where the numbers come from, an anchor at each table's first file."""
    return [
        {"heading": told["heading"], "table": Markup(html.table(told)), "ids": told["anchors"]}
        for told in origins(run)
    ]


def facts(cover: Cover) -> list[tuple[str, str]]:
    """The few lines under a title: for whom, until when, by whom."""
    told = [
        (say("As of"), write_date(cover.as_of, cover.language)),
        (say("Period"), cover.period),
        (say("Prepared by"), cover.consultant or brand().name),
        (say("Prepared for"), cover.client),
    ]
    return [(words(label, cover.language), text) for label, text in told if text]


def confidential(cover: Cover) -> str:
    """The line on every page that says for whom it is."""
    return words(say("Confidential: prepared for {client}", client=cover.client), cover.language)


def as_of(cover: Cover) -> str:
    """The day every number looks back from."""
    return words(say("As of {day}", day=cover.as_of), cover.language)


def _page(cover: Cover, chapters: Sequence[Chapter], here: str, section: str) -> dict[str, Any]:
    language = cover.language
    links = [("index", words(say("Overview"), language))]
    links += [(chapter.name, chapter.section) for chapter in chapters]
    return {
        "language": language,
        "client": cover.client,
        "title": cover.title,
        "section": section,
        "consultant": cover.consultant or brand().name,
        "logo": Markup(brand().logo_svg),
        "css": Markup(_css()),
        "nav": [{"href": f"{n}.html", "name": s, "is_here": n == here} for n, s in links],
        "facts": facts(cover),
        "status": cover.status or "",
        "notes": cover.notes,
        "words": {
            "pages": words(say("Pages"), language),
            "as_of": as_of(cover),
            "confidential": confidential(cover),
        },
    }


def _portal_words(run: RunContents, language: str) -> dict[str, str]:
    checks = run.ledger.get("identities", [])
    tie = sum(bool(one["holds"]) for one in checks)
    told = {
        "found": say("What we found, by the money at stake"),
        "stake": say("at stake in the window"),
        "nothing": say("No finding was recorded in this run."),
        "files": say("Files"),
        "origins": say("Where the numbers come from"),
        "elsewhere": say("This report in another language"),
        "identities": say_n(
            "{tie} of {n} check between the notebooks ties.",
            "{tie} of {n} checks between the notebooks tie.",
            len(checks),
            tie=tie,
        ),
    }
    return {key: words(message, language) for key, message in told.items()}


def _findings(run: RunContents, language: str) -> list[dict[str, Any]]:
    """The ledger's findings in their rank, with the money at stake."""
    ranked = sorted(run.ledger.get("findings", []), key=lambda one: one.get("rank") or 10**6)
    said = [one for one in ranked if not one["is_withheld"]]
    return [
        {
            **in_words({**one, "type": "finding"}, language),
            "href": f"{one['notebook']}.html",
            "money": at_stake(run, one),
        }
        for one in said
    ]


def at_stake(run: RunContents, finding: Mapping[str, Any]) -> str:
    """The size of the money a finding is about; nothing where it names none."""
    figure = run.ledger.get("figures", {}).get(finding.get("money"))
    if figure is None or figure["value"] is None:
        return ""
    return write_value({**figure, "value": abs(figure["value"])}, run.cover.language)


def _pages(chapters: Sequence[Chapter]) -> list[dict[str, str]]:
    return [
        {
            "html": f"{chapter.name}.html",
            "pdf": f"{chapter.name}.pdf",
            "name": chapter.section,
            "question": chapter.question,
        }
        for chapter in chapters
    ]


def _files(run: RunContents, language: str) -> list[dict[str, str]]:
    from segkit.report.sheets import membership_list

    told = {
        "report.pdf": say("All pages in one, with contents and page numbers"),
        "workbook.xlsx": say("A sheet for every exhibit, with the segment list and all figures"),
    }
    if "segments" in run.tables:
        told["exports/segments.csv"] = say("Every customer's segment, for your CRM")
    if membership_list(run.tables) is not None:
        told["exports/memberships.csv"] = say("Every customer's groups, for your CRM")
    return [{"href": href, "says": words(message, language)} for href, message in told.items()]


def _own_name(language: str) -> str:
    """A language as its own readers call it."""
    from babel import Locale

    return str(Locale.parse(language).display_name).capitalize()


@lru_cache
def _css() -> str:
    """The stylesheet with the brand's colours, and its font inside."""
    look = brand()
    light = "".join(f"--{name}: {color}; " for name, color in look.colors.items())
    dark = "".join(f"--{name}: {color}; " for name, color in look.dark.items())
    faces = "".join(
        f'@font-face {{ font-family: "{look.font}"; font-weight: {weight}; font-display: swap; '
        f"src: url(data:font/woff2;base64,{_base64(look.font_file(name, 'woff2'))}) "
        'format("woff2"); }\n'
        for name, weight in (("Regular", 400), ("SemiBold", 600))
    )
    sheet = (TEMPLATES / "html" / "page.css").read_text("utf-8")
    return (
        f'{faces}:root {{ --font: "{look.font}"; {light}}}\n@media screen and '
        f"(prefers-color-scheme: dark) {{ :root {{ {dark}}} }}\n{sheet}"
    )


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
