"""The command line: new, check, run, demo, freeze."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segkit.errors import RunError, SegkitError, unforeseen

if TYPE_CHECKING:
    from segkit.flow import Progress

#: As in `segkit.flow`, which is loaded by a command and not for a help text.
DONE, WARNING = "done", "warning"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Customer segmentation and sales effectiveness: from a client's extracts to the report.",
    epilog="Try it on the fictional client: segkit demo, then segkit run engagements/demo",
)

_Engagement = Annotated[
    Path, typer.Argument(metavar="ENGAGEMENT", help="The engagement file, or the folder it is in.")
]


@app.command(epilog="Example: segkit run engagements/nordvik --set segmentation.k=5")
def run(
    engagement: _Engagement,
    out: Annotated[
        Path | None,
        typer.Option(help="The report's folder.  [default: reports/CLIENT/AS-OF]", metavar="DIR"),
    ] = None,
    notebook: Annotated[
        str | None,
        typer.Option(help="Only this notebook, as a trial beside the report.", metavar="NAME"),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="An earlier report, by its folder or its AS-OF: a page says what changed.",
            metavar="RUN",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Another value for a key of the engagement file; the report says so. Repeatable.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Notebooks run at a time.  [default: the cores, at most 4]", metavar="N"
        ),
    ] = None,
    *,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run everything anew, even where nothing changed.")
    ] = False,
) -> None:
    """Make the report of an engagement: HTML, PDF and Excel.

    The path of its index.html is printed last. Only what changed is run again, and the report
    it replaces is kept as AS-OF.1. A run that stops leaves the last report as it is.
    """
    from segkit import flow

    with _progress() as progress:
        index = flow.run(
            engagement,
            out,
            notebook=notebook,
            against=against,
            overrides=overrides or (),
            jobs=jobs,
            fresh=fresh,
            progress=progress,
        )
    print(index)


@app.command(epilog="Example: segkit check engagements/nordvik")
def check(engagement: _Engagement) -> None:
    """Read the client's files and say what they hold and can answer.

    No notebook runs: rows accepted and set aside, with the first reasons; the questions these
    records can answer, and what is missing for the others; control totals; what is still open.
    """
    from segkit import flow

    with _progress() as progress:
        found = flow.check(engagement, progress)
    for line in found:
        print(_wrapped(line))


@app.command(
    epilog="Examples: segkit new engagements/nordvik · segkit new --request pl --out request.xlsx"
)
def new(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="The folder of the client's extracts."),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(
            help="Write the data request in this language instead: en, da, pl or ro.",
            metavar="LANGUAGE",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write.  [default: FOLDER/engagement.toml]", metavar="FILE"),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(help="The client's name.  [default: the folder's]", metavar="NAME"),
    ] = None,
) -> None:
    """Begin an engagement: propose its file from a folder of extracts.

    It looks at every file and writes engagement.toml: how each is read, which column is which,
    with a reason beside it, and a marked question wherever the data can't decide. With --request
    it writes the workbook that asks a client for its data. The path written is printed last.
    """
    if (folder is None) == (request is None):
        _stop(
            "segkit new takes either a folder of extracts or --request and a language.\n"
            "Fix: segkit new FOLDER, or segkit new --request pl",
            2,
        )
    if request is not None:
        from segkit.report.request import write_request

        print(write_request(request, out))
        return
    from segkit.sources.proposing import propose

    assert folder is not None
    with _progress() as progress:
        print(propose(folder, out, client=client, progress=progress))


@app.command(epilog="Example: segkit demo --out trial")
def demo(
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder to write to.  [default: engagements/demo in the project]",
            metavar="DIR",
        ),
    ] = None,
) -> None:
    """Write the extracts of the fictional client.

    They are the same bytes each time. The path of its engagement file is printed last.
    """
    from segkit.demo import write

    folder = out or Path(__file__).parents[1] / "engagements" / "demo"
    with _progress() as progress:
        progress("demo", "extracts")
        written = write(folder)
        progress("demo", DONE)
    print(written)


@app.command(epilog="Example: segkit freeze engagements/nordvik")
def freeze(
    engagement: _Engagement,
    *,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit", help="Find segments anew; ids stay where they match those frozen before."
        ),
    ] = False,
) -> None:
    """Record the segments as they are defined today.

    It writes segments.json beside the engagement file: names, rules, edges and sizes, to be
    agreed with the client and kept. While it is there, runs use these segments and find no others.
    """
    from segkit import flow

    with _progress() as progress:
        written = flow.freeze(engagement, progress, refit=refit)
    print(written)


def main(args: Sequence[str] | None = None) -> None:
    """Run a command; what goes wrong is a sentence on stderr, never a traceback.

    Exit codes: 0 done, 1 a run failed, 2 something to mend in what was given, 130 interrupted.
    """
    before = signal.signal(signal.SIGINT, _interrupted)
    try:
        app(args=args, prog_name="segkit")
    except SegkitError as error:
        _stop(str(error), error.exit_code)
    except Exception as error:
        from segkit.recipes import reports_folder

        _stop(str(unforeseen(error, reports_folder())), RunError.exit_code)
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupted(*_: object) -> None:
    """End at once: an ordinary exit would wait for the notebooks, and kernels end with us."""
    cursor = "\x1b[?25h" if sys.stderr.isatty() else ""  # which a progress display hides
    sentence = "Stopped. The last report is as it was; the same command goes on from here."
    print(f"{cursor}{sentence}", file=sys.stderr, flush=True)
    os._exit(130)


def _stop(sentence: str, code: int) -> None:
    print(sentence, file=sys.stderr)
    raise SystemExit(code)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Warnings on stderr; on a terminal also a line per notebook, with its step and time."""
    if not sys.stderr.isatty():
        yield lambda name, step: _warn(step) if name == WARNING else None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    step = TextColumn("{task.fields[step]}", markup=False)
    with Bars(*columns, step, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, step: str) -> None:
            if name == WARNING:
                bars.console.print(f"Warning: {step}", markup=False, highlight=False)
                return
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=1, step=step)
            bars.update(tasks[name], step=step, completed=int(step == DONE))

        yield show


def _wrapped(line: str) -> str:
    """A line as wide as the terminal, the rest below its text; a pipe gets it whole."""
    if not sys.stdout.isatty():
        return line
    import shutil
    import textwrap

    text = line.lstrip()
    indent = len(line) - len(text) + (5 if text.startswith(("yes  ", "no   ")) else 2)
    width = min(shutil.get_terminal_size().columns, 120)
    return textwrap.fill(line, width, subsequent_indent=" " * indent, break_long_words=False)


def _warn(sentence: str) -> None:
    print(f"Warning: {sentence}", file=sys.stderr)
