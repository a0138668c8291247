"""The engagement file: typed, frozen, and every mistake told in a sentence with its fix."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from segkit.engagement import months_before, read_engagement
from segkit.errors import EngagementError

HEAD = 'client = "Nordvik Handel A/S"\nas_of = 2026-03-31\n'
LINES = '[sources.order_lines]\nfile = "orders.csv"\n'
KEY_FIX = "\nFix: correct the key, or delete the line."
VALUE_FIX = "\nFix: correct the value."


def read(tmp_path, text, *overrides):
    (tmp_path / "engagement.toml").write_text(text, encoding="utf-8")
    return read_engagement(tmp_path / "engagement.toml", overrides)


def said(tmp_path, text, *overrides) -> str:
    with pytest.raises(EngagementError) as raised:
        read(tmp_path, text, *overrides)
    assert raised.value.exit_code == 2
    return str(raised.value)


def test_what_was_agreed_cannot_be_changed(tmp_path):
    agreed = read(tmp_path, HEAD + LINES)
    with pytest.raises(ValidationError):
        agreed.window_months = 3


def test_the_window_is_half_open_and_ends_on_as_of(tmp_path):
    assert read(tmp_path, HEAD + LINES).window_start == date(2024, 3, 31)


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 3, 30), 1, date(2026, 2, 28)),
        (date(2026, 2, 28), 12, date(2025, 2, 28)),
        (date(2026, 2, 28), 24, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
    ],
)
def test_months_before_a_months_last_day_is_a_months_last_day(day, months, earlier):
    assert months_before(day, months) == earlier


@pytest.mark.parametrize(
    ("client", "slug"),
    [
        ("Nordvik Handel A/S", "nordvik-handel-a-s"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows", "c-windows"),
        ("Łódź Ærø Straße", "lodz-aero-strasse"),
        ("..", None),
        ("/", None),
    ],
)
def test_a_clients_name_is_never_a_path(tmp_path, client, slug):
    text = HEAD.replace("Nordvik Handel A/S", client.replace("\\", "\\\\")) + LINES
    if slug:
        assert read(tmp_path, text).slug == slug
    else:
        assert said(tmp_path, text) == (
            f"engagement.toml: client is {client}: needs at least one letter or digit.{VALUE_FIX}"
        )


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("window_month = 3\n" + LINES, "window_month", " Nearest: window_months."),
        (LINES + '[segmentation]\nprimery = "rfm"\n', "segmentation.primery", " Nearest: primary."),
        (LINES + 'delimeter = ";"\n', "sources.order_lines.delimeter", " Nearest: delimiter."),
        (LINES + '[raw.a]\nfiel = "a"\n', "raw.a.fiel", " Nearest: file."),
        (LINES + "[controls.net_revenue]\nvalu = 1\nvalue = 1\n", "controls.net_revenue.valu",
         " Nearest: value."),
        (LINES + "[[assumptions]]\nid = \"a\"\nvalue = 1\nsource = \"s\"\nhihg = 2\n",
         "assumptions.0.hihg", " Nearest: high."),
        ("folder = \"/etc\"\n" + LINES, "folder", ""),
        ("overrides = []\n" + LINES, "overrides", ""),
    ],
)  # fmt: skip
def test_an_unknown_key_is_refused_with_the_nearest_known(tmp_path, text, key, hint):
    assert said(tmp_path, HEAD + text) == (
        f"engagement.toml sets {key}, which segkit does not use.{hint}{KEY_FIX}"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD, "engagement.toml lacks sources.\nFix: add the line."),
        ("as_of = 2026-03-31\n" + LINES, "engagement.toml lacks client.\nFix: add the line."),
        (
            HEAD + "window_months = 0\n" + LINES,
            "engagement.toml: window_months is 0: Input should be greater than or equal to 1."
            + VALUE_FIX,
        ),
        (
            HEAD + LINES + '[segmentation]\nprimary = "cluster"\n',
            "engagement.toml: segmentation.primary is cluster: Input should be 'clusters', 'rules'"
            " or 'rfm'." + VALUE_FIX,
        ),
        (
            HEAD + '[sources.order_lines]\nencoding = "utf-8"\n',
            "engagement.toml: sources.order_lines needs either file, sql or database.\n"
            "Fix: correct the section.",
        ),
        (
            HEAD + LINES + 'sql = "SELECT 1"\n',
            "engagement.toml: sources.order_lines needs either file, sql or database.\n"
            "Fix: correct the section.",
        ),
        (
            "client = \n",
            "engagement.toml is not TOML that can be read: Invalid value (at line 1, column 10).\n"
            "Fix: mend that line.",
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_place(tmp_path, text, told):
    assert said(tmp_path, text) == told


def test_a_missing_engagement_file(tmp_path):
    with pytest.raises(EngagementError) as raised:
        read_engagement(tmp_path)
    assert str(raised.value) == (
        f"No engagement file at {tmp_path / 'engagement.toml'}.\n"
        "Fix: give the path of an engagement.toml, or write the demo's with: segkit demo"
    )


def test_an_override_is_read_as_toml_and_else_as_text(tmp_path):
    given = ("segmentation.k=5", "as_of=2025-12-31", "client=Søren's", "targets.gaps.x=1.10")
    agreed = read(tmp_path, HEAD + LINES, *given)
    assert (agreed.segmentation.k, agreed.as_of, agreed.client) == (
        5,
        date(2025, 12, 31),
        "Søren's",
    )
    assert agreed.targets.gaps["x"] == Decimal("1.10")
    assert agreed.overrides == given


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (
            "segmentation.k",
            "--set segmentation.k has no value.\n"
            "Fix: write --set key=value, such as --set segmentation.k=5",
        ),
        (
            "client.name=x",
            "--set client.name=x: client holds no further keys.\nFix: check the key.",
        ),
        (
            "segmentation.kk=3",
            "engagement.toml sets segmentation.kk, which segkit does not use. Nearest: k."
            + KEY_FIX,
        ),
        (
            "segmentation.k=twelve",
            "engagement.toml: segmentation.k is twelve: Input should be a valid integer, unable to"
            " parse string as an integer." + VALUE_FIX,
        ),
        ("folder=/etc", "engagement.toml sets folder, which segkit does not use." + KEY_FIX),
    ],
)
def test_a_wrong_override_is_told(tmp_path, override, told):
    assert said(tmp_path, HEAD + LINES, override) == told


def test_an_engine_that_is_not_installed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("segkit.engagement.find_spec", lambda name: None)
    assert said(tmp_path, HEAD + 'engine = "spark"\n' + LINES) == (
        "engagement.toml: engine is spark: it is not installed; pip install 'segkit[spark]' does "
        "so." + VALUE_FIX
    )


def test_sellers_are_named_only_with_a_basis(tmp_path):
    assert said(tmp_path, HEAD + LINES + '[privacy]\nreps = "named"\n') == (
        'engagement.toml: privacy names sellers without a basis: state it as basis = "...".\n'
        "Fix: correct the section."
    )
    named = read(tmp_path, HEAD + LINES + '[privacy]\nreps = "named"\nbasis = "works agreement"\n')
    assert named.privacy.reps == "named"


def test_what_was_agreed_and_is_not_done_yet_is_said(tmp_path):
    assert read(tmp_path, HEAD + 'language = "pl"\nalso_in = ["en"]\n' + LINES).not_yet == ()
    agreed = read(tmp_path, HEAD + 'language = "da"\nalso_in = ["en", "ro"]\n' + LINES)
    assert list(map(str, agreed.not_yet)) == [
        "Not translated yet, so the words are English and only numbers, dates and money are "
        "written as the language wants: da, ro.",
    ]


def test_the_clients_own_words_stand_beside_the_contracts(tmp_path):
    text = HEAD + LINES + '[sources.order_lines.values.channel]\n"Teren" = "field"\n'
    assert read(tmp_path, text).own_words == {}
    agreed = read(tmp_path, text + '[data]\nlanguage = "pl"\n[words.pl]\n"IT" = "dział IT"\n')
    assert agreed.own_words == {"pl": {"field": "Teren", "IT": "dział IT"}}


def test_a_report_is_rendered_once_in_each_language(tmp_path):
    agreed = read(tmp_path, HEAD + 'language = "pl"\nalso_in = ["en", "pl"]\n' + LINES)
    assert agreed.languages == ("pl", "en")
