"""Notebooks run through papermill, each in its own kernel, several at a time."""

from __future__ import annotations

import ast
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segkit.errors import EngagementError, RunError, nearest

if TYPE_CHECKING:
    import nbformat
    from papermill.exceptions import PapermillExecutionError

#: Told which notebook is at which step; `DONE` is its last step, and a `WARNING` has a sentence.
Progress = Callable[[str, str], None]
DONE, WARNING = "done", "warning"


def check_parameters(notebooks: Sequence[Path], given: Sequence[str]) -> None:
    """Papermill only logs an unknown parameter and runs the default; here it stops the run."""
    for notebook in notebooks:
        known = _parameters(notebook)
        for name in given:
            if name not in known:
                raise EngagementError(
                    f"{notebook.stem} has no parameter {name}: its parameters cell sets "
                    f"{', '.join(known) or 'nothing'}.{nearest(name, known)}\n"
                    f"Fix: add {name} to the cell tagged parameters."
                )


def _parameters(notebook: Path) -> list[str]:
    """Names set in the cell tagged parameters; papermill misses a line whose comment holds =."""
    import nbformat

    cells = nbformat.read(notebook, as_version=4).cells  # type: ignore[no-untyped-call]
    tagged = [one for one in cells if "parameters" in one.metadata.get("tags", [])]
    lines = [line for one in tagged[:1] for line in ast.parse(one.source).body]
    targets = [target for line in lines if isinstance(line, ast.Assign) for target in line.targets]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def execute(
    notebooks: Sequence[Path],
    into: Path,
    parameters: Mapping[str, str],
    jobs: int,
    progress: Progress,
    finished: Callable[[Path], None],
    meanwhile: Callable[[], None],
) -> None:
    """Run `notebooks` at most `jobs` at a time, and write them executed to the folder `into`.

    A failure lets the others end first, since the next run need not repeat what was finished;
    `finished` is told each notebook that came to its end, and `meanwhile` is done beside them.

    Raises
    ------
    RunError
        If a notebook failed: where, why, and where the half-run notebook lies.
    """
    # here and not in the threads: circular imports fail where two threads begin them
    import papermill  # noqa: F401
    from jupyter_core.utils import ensure_event_loop

    into.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="segkit-", ignore_cleanup_errors=True) as profile,
        ThreadPoolExecutor(jobs) as pool,
    ):
        manager = _own_kernel(kernel_environment(jobs, profile))

        def run_one(notebook: Path) -> None:
            try:
                _execute(notebook, into / notebook.name, parameters, manager, progress)
                finished(notebook)
            finally:
                ensure_event_loop().close()  # nbclient leaves its thread's open

        running = [pool.submit(run_one, one) for one in notebooks]
        meanwhile()
        failures = [error for one in running if (error := one.exception())]
    if failures:
        raise failures[0]


def kernel_environment(jobs: int, profile: str) -> dict[str, str]:
    """What each of `jobs` kernels finds set, on top of the environment of this process."""
    cores = os.cpu_count() or 1
    told = {
        "SEGKIT_THREADS": str(max(1, cores // jobs)),
        # linear algebra on all cores in every kernel at once is slower than on one, by far
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        "PYTHONDONTWRITEBYTECODE": "",  # else each kernel compiles everything anew
        "PYTHONHASHSEED": "0",
        "IPYTHONDIR": profile,  # a user's startup files are no part of a report
    }
    memory = _memory_mb()
    return {**told, "SEGKIT_MEMORY_MB": str(memory * 6 // 10 // jobs)} if memory else told


def _memory_mb() -> int:
    """The memory of the machine or of the container, whichever is less; 0 where unknown."""
    if not hasattr(os, "sysconf"):
        return 0
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        sizes.append(int(text))
    return min(sizes) // 2**20


def _own_kernel(environment: Mapping[str, str]) -> type[Any]:
    """A kernel manager that knows one kernel: this Python, whatever kernels are installed."""
    import zmq
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="segkit",
        language="python",
        metadata={"supported_encryption": ["curve"]},  # client data passes a local port
        env=dict(environment),
    )

    class OwnKernel(AsyncKernelManager):
        kernel_spec = property(lambda _: spec)

        def _transport_encryption_default(self) -> str:
            return "auto" if zmq.has("curve") else "disabled"

    return OwnKernel


def _execute(
    notebook: Path,
    written: Path,
    parameters: Mapping[str, str],
    manager: type[Any],
    progress: Progress,
) -> None:
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").setLevel(logging.ERROR)
    headings = _headings(nbformat.read(notebook, as_version=4))  # type: ignore[no-untyped-call]
    last = ""

    def starts(cell: nbformat.NotebookNode, **_: object) -> None:
        nonlocal last
        last = headings.get(cell.id, last)
        progress(notebook.stem, last)

    try:
        made = papermill.execute_notebook(
            notebook,
            written,
            parameters=dict(parameters),
            kernel_name="python3",
            kernel_manager_class=manager,
            on_cell_start=starts,
            shutdown_kernel="immediate",
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            progress_bar=False,
        )
    except PapermillExecutionError as error:
        raise _stopped(notebook.stem, last, error, written) from None
    except Exception as error:  # the kernel itself went away
        raise RunError(
            f"{notebook.stem} lost its kernel under “{last}”: {error}.\n"
            "Fix: most often memory ran out; close other programs, or run with --jobs 1."
        ) from error
    _forget_the_machine(made, parameters)
    nbformat.write(made, written)  # type: ignore[no-untyped-call]
    progress(notebook.stem, DONE)


def _headings(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Each cell's id with the heading it stands under."""
    under, found = "the first cell", {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (title := re.match(r"#+ +(.+)", cell.source)):
            under = title[1].strip()
        found[cell.id] = under
    return found


def _stopped(name: str, heading: str, error: PapermillExecutionError, written: Path) -> RunError:
    said, _, fix = error.evalue.strip().partition("\nFix: ")
    why = said if fix else f"{error.ename}: {said or 'no message'}"
    repeat = "run the same command again: what was finished is kept."
    return RunError(
        f"{name} stopped under “{heading}”: {why}\n"
        f"The half-run notebook lies at {written}\n"
        f"Fix: {fix or 'open it at its last cell, mend the cause, and ' + repeat}"
    )


def _forget_the_machine(notebook: nbformat.NotebookNode, parameters: Mapping[str, str]) -> None:
    """Drop clock times and this machine's paths: the same run gives the same bytes."""
    notebook.metadata.pop("papermill", None)
    for place, cell in enumerate(notebook.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = f"injected-{place}"
            for value in filter(None, parameters.values()):
                cell.source = cell.source.replace(_as_source(value), f'"{Path(value).name}"')


def _as_source(value: str) -> str:
    from papermill.translators import PythonTranslator

    return str(PythonTranslator.translate(value))
