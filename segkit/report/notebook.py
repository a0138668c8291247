"""Executed notebooks as the exporters read them: prose and payloads, without code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import TemplateExporter
from nbconvert.preprocessors import Preprocessor
from traitlets.config import Config

from segkit.exhibits import MIME, html, typst
from segkit.exhibits.brand import TEMPLATES
from segkit.exhibits.words import plain_table, words
from segkit.language import say
from segkit.report import prose

_SECTIONS = {
    "00-summary": say("Summary"),
    "01-data-audit": say("Data audit"),
    "02-behavioural-segmentation": say("Segmentation"),
    "03-route-to-market": say("Route to market"),
    "04-kpi-design": say("KPIs and targets"),
    "09-assumptions": say("Assumptions"),
}


@dataclass(frozen=True)
class Chapter:
    """One executed notebook.

    Attributes
    ----------
    question
        Its title, taken out of the first cell's text.
    """

    name: str
    section: str
    question: str
    node: nbformat.NotebookNode

    @property
    def payloads(self) -> list[Mapping[str, Any]]:
        """What its cells show, in order."""
        outputs = [output for cell in self.node.cells for output in cell.get("outputs", [])]
        return [one.data[MIME] for one in outputs if MIME in one.get("data", {})]


def read(path: Path, language: str) -> Chapter:
    """An executed notebook, its prose in `language` and its title apart."""
    node = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    section = _SECTIONS.get(path.stem)
    question = ""
    for cell in node.cells:
        if cell.cell_type == "markdown":
            cell.source = prose.in_language(cell.source, language)
            found = None if question else re.search(r"^# +(.+)$", cell.source, re.MULTILINE)
            if found:
                question = found[1].strip()
                cell.source = cell.source.replace(found[0], "", 1).strip()
    node.cells = [cell for cell in node.cells if cell.get("outputs") or _has_prose(cell)]
    title = words(section, language) if section else _plain_name(path.stem)
    return Chapter(path.stem, title, question or title, node)


def _plain_name(stem: str) -> str:
    return re.sub(r"^\d+-", "", stem).replace("-", " ").capitalize()


def _has_prose(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "markdown" and bool(cell.source)


class Shown(Preprocessor):
    """Turns what cells show into the exporter's own language; everything foreign is made tame."""

    def preprocess(
        self, nb: nbformat.NotebookNode, resources: dict[str, Any]
    ) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
        """Every output as one fragment of ``resources["shows"]``, text/html or text/x-typst."""
        outline = Outline()
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = outline.levelled(cell.source)
            for output in cell.get("outputs", []):
                if "data" in output:
                    shown = _shown(output.data, resources, outline.below)
                    output.data = {resources["shows"]: shown}
        return nb, resources


class Outline:
    """Headings below the title without a gap: a screen reader's reader misses no level."""

    def __init__(self) -> None:
        self.level = 1

    @property
    def below(self) -> int:
        """The level of a finding here: under its section, or the first below the title."""
        return min(3, self.level + 1)

    def levelled(self, source: str) -> str:
        """Markdown whose headings skip no level; lines of code are left alone."""
        lines, is_code = source.split("\n"), False
        for place, line in enumerate(lines):
            is_code ^= line.startswith("```")
            found = None if is_code else re.match(r"(#{1,6}) ", line)
            if found:
                self.level = max(2, min(len(found[1]), self.level + 1))
                lines[place] = "#" * self.level + line[len(found[1]) :]
        return "\n".join(lines)


def _shown(data: Mapping[str, Any], resources: Mapping[str, Any], level: int) -> str:
    """One output as the exporter shows it."""
    shows, language = resources["shows"], resources["language"]
    if MIME not in data:
        return _tame(data, shows)
    write = html.fragment if shows == "text/html" else typst.fragment
    payload = data[MIME]
    return write(payload, language, resources["drawings"].get(payload.get("id", "")), level)


def _tame(data: Mapping[str, Any], shows: str) -> str:
    """What segkit did not write: a frame's cells as a table of ours, else plain text."""
    cells = _Cells()
    cells.feed(data.get("text/html", ""))
    if cells.rows:
        told = plain_table(cells.rows)
        return html.table(told) if shows == "text/html" else f"#grid-table({typst.literal(told)})\n"
    text = data.get("text/plain", "")
    if shows == "text/html":
        return f'<pre class="plain">{escape(text)}</pre>'
    return f"#raw(block: true, {prose.literal_lines(text)});\n"


class _Cells(HTMLParser):
    """The text of a table's cells, and nothing else of its markup."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        self.is_inside = tag in ("td", "th") or (self.is_inside and tag != "tr")

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = self.is_inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.is_inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


class Exporter(TemplateExporter):
    """A notebook through one of our templates.

    Parameters
    ----------
    template
        ``html`` or ``pdf``: a folder of ``templates/``.
    """

    exclude_raw = True
    exclude_input = True

    def __init__(self, template: str, shows: str) -> None:
        self.output_mimetype = shows
        ending = ".html" if template == "html" else ".typ"
        super().__init__(  # type: ignore[no-untyped-call]
            config=Config(NbConvertBase={"display_data_priority": [shows]}),
            template_name=template,
            extra_template_basedirs=[str(TEMPLATES)],
            file_extension=ending,
            filters={"prose": prose.to_html if template == "html" else prose.to_typst},
            preprocessors=[Shown],
        )
        self.environment.autoescape = template == "html"

    def body(self, chapter: Chapter, drawings: Mapping[str, str], **resources: Any) -> str:
        """The exported text of one chapter."""
        given = {"drawings": drawings, "shows": self.output_mimetype, **resources}
        text, _ = self.from_notebook_node(chapter.node, given)
        return str(text)
