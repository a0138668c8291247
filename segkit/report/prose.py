"""A notebook's Markdown as HTML and as Typst: its words, never its markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import mistune

from segkit.exhibits.typst import literal
from segkit.exhibits.words import bound
from segkit.language import render

_PLUGINS = ["table", "strikethrough"]
Token = Mapping[str, Any]


def in_language(source: str, language: str) -> str:
    """Markdown in `language`, each block between empty lines a message of the catalogue."""
    blocks = source.split("\n\n")
    said = "\n\n".join(render({"text": block, "args": {}}, language) for block in blocks)
    return str(bound(said, language))


class _Page(mistune.HTMLRenderer):
    """Raw HTML comes out as text; nothing is loaded and nothing leads outside."""

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return escape(text)


def to_html(source: str) -> str:
    """Markdown as HTML."""
    return str(mistune.create_markdown(renderer=_Page(escape=True), plugins=_PLUGINS)(source))


def to_typst(source: str) -> str:
    """Markdown as Typst calls whose words are string literals."""
    tokens = mistune.create_markdown(renderer=None, plugins=_PLUGINS)(source)
    return _typst(tokens)  # type: ignore[arg-type]


def _typst(tokens: Sequence[Token]) -> str:
    return "".join(_WRITERS.get(token["type"], _inside)(token) for token in tokens)


def _inside(token: Token) -> str:
    """What a token without a form of its own holds: its children, or its raw text."""
    if "children" in token:
        return _typst(token["children"])
    return f"#{literal(token['raw'].strip())};" if token.get("raw", "").strip() else ""


def _call(name: str) -> Callable[[Token], str]:
    return lambda token: f"#{name}[{_inside(token)}];"


def _list(token: Token) -> str:
    name = "enum" if token["attrs"]["ordered"] else "list"
    items = ", ".join(f"[{_inside(item)}]" for item in token["children"])
    return f"#{name}({items});\n\n"


def _table(token: Token) -> str:
    head, *body = token["children"]
    aligns = ", ".join(cell["attrs"]["align"] or "left" for cell in head["children"])
    heads = ", ".join(f"strong[{_inside(cell)}]" for cell in head["children"])
    rows = [row for part in body for row in part["children"]]
    cells = "".join(f", [{_inside(cell)}]" for row in rows for cell in row["children"])
    return (
        f"#table(columns: {len(head['children'])}, align: ({aligns},), stroke: (x, y) => "
        f"(bottom: 0.4pt + c.line), table.header({heads}){cells});\n\n"
    )


_WRITERS: dict[str, Callable[[Token], str]] = {
    "text": lambda token: f"#{literal(token['raw'])};",
    "inline_html": lambda token: f"#{literal(token['raw'])};",
    "codespan": lambda token: f"#raw({literal(token['raw'])});",
    "softbreak": lambda token: " ",
    "linebreak": lambda token: "#linebreak();",
    "emphasis": _call("emph"),
    "strong": _call("strong"),
    "strikethrough": _call("strike"),
    "paragraph": lambda token: f"#lead[{_inside(token)}#parbreak()];\n\n",
    "block_html": lambda token: f"{_inside(token)}\n\n",
    "heading": lambda token: f"#heading(level: {token['attrs']['level']})[{_inside(token)}];\n\n",
    "block_quote": lambda token: f"#quote(block: true)[{_inside(token)}];\n\n",
    "block_code": lambda token: f"#raw(block: true, {literal_lines(token['raw'])});\n\n",
    "thematic_break": lambda token: "#line(length: 100%, stroke: 0.4pt + c.line);\n\n",
    "list": _list,
    "table": _table,
}


def literal_lines(text: str) -> str:
    """Text whose lines stay lines, as a Typst expression."""
    lines = ", ".join(literal(line) for line in text.rstrip("\n").split("\n"))
    return f'({lines},).join("\\n")'
