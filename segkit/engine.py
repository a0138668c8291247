"""Register a Parquet file under a name, query it with plain SQL: in DuckDB here, or in Spark."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import pyarrow as pa


#: A Spark of this process alone, reachable from nowhere else.
_ON_THIS_MACHINE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def failure(kind: str = "Error") -> type[Exception]:
    """What the engine raises when a query fails: every kind of error, or one by its name."""
    import duckdb

    raised: type[Exception] = getattr(duckdb, kind)
    return raised


class Engine:
    """One in-memory DuckDB; use it in a ``with`` block.

    Parameters
    ----------
    scratch
        Folder for what does not fit in memory.
    threads, memory_mb
        Left out, ``SEGKIT_THREADS`` and ``SEGKIT_MEMORY_MB``, which a run sets for its kernels.
    """

    def __init__(
        self, scratch: Path | None = None, threads: int | None = None, memory_mb: int | None = None
    ) -> None:
        import duckdb

        threads = threads or int(os.environ.get("SEGKIT_THREADS", 0)) or None
        memory_mb = memory_mb or int(os.environ.get("SEGKIT_MEMORY_MB", 0)) or None
        # without it DuckDB hands even the rows of an ORDER BY over out of order
        settings: dict[str, Any] = {"preserve_insertion_order": "true"}
        if threads:
            settings["threads"] = threads
        if memory_mb:
            settings["memory_limit"] = f"{memory_mb}MB"
        if scratch:
            settings["temp_directory"] = str(scratch)
        self.connection = duckdb.connect(":memory:", config=settings)
        self._scratch = scratch
        self._memory_mb = memory_mb

    @cached_property
    def workspace(self) -> Path:
        """A folder for intermediate files, gone when the engine closes."""
        beside = self._scratch.parent if self._scratch else None
        self._workspace = TemporaryDirectory(dir=beside, prefix="work.")
        return Path(self._workspace.name)

    def at_most(self, memory_mb: int) -> None:
        """Hold no more than this in memory, or the less that was given; the rest goes to disk."""
        if self._memory_mb is None or self._memory_mb > memory_mb:
            self.connection.execute(f"SET memory_limit = '{memory_mb}MB'")

    def register(self, name: str, path: Path) -> None:
        """Make the Parquet file at `path` known as the table `name`."""
        self.connection.execute(
            f"CREATE OR REPLACE VIEW {quoted(name)} AS FROM read_parquet({literal(str(path))})"
        )

    def define(self, name: str, sql: str) -> None:
        """Make the rows of one SELECT known as the table `name`, computed at each use."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {sql}")

    def keep(self, name: str, rows: Any) -> None:
        """Compute the rows of one SELECT, or of a data frame, once, as the table `name`."""
        if not isinstance(rows, str):
            self.connection.register(f"given_{name}", rows)
            rows = f"FROM {quoted(f'given_{name}')}"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {rows}")

    def query(self, sql: str) -> pa.Table:
        """The rows of one SELECT, as an Arrow table."""
        return self.connection.sql(sql).to_arrow_table()

    def write(self, sql: str, path: Path) -> None:
        """Write the rows of one SELECT, in its order, to a Parquet file."""
        self.connection.execute(
            f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()
        if "workspace" in self.__dict__:
            self._workspace.cleanup()


class Spark:
    """A Spark session with the same verbs, for data that outgrows a machine.

    The SQL is DuckDB's and is translated; only the portable core of it gives the same rows (no
    median, no month differences, sums of integers cast to BIGINT). With ``SPARK_CONF_DIR`` or
    ``SPARK_REMOTE`` set, that configuration decides where it runs; otherwise Spark runs on this
    machine, reachable from nowhere else. One process has one session, whoever asks.
    """

    def __init__(self) -> None:
        import shutil

        from segkit.errors import EngagementError

        is_here = not {"SPARK_CONF_DIR", "SPARK_REMOTE"} & {*os.environ}
        if is_here and not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            raise EngagementError(
                "The engagement's engine is spark, which needs Java; there is none on this machine."
                '\nFix: install Java 17 or 21, or set engine = "duckdb".'
            )
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("segkit")
        for name, value in _ON_THIS_MACHINE.items() if is_here else ():
            builder = builder.config(name, value)
        if is_here:
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
            threads = int(os.environ.get("SEGKIT_THREADS") or os.cpu_count() or 1)
            memory = os.environ.get("SEGKIT_MEMORY_MB") or 1024
            builder = builder.master(f"local[{threads}]")
            builder = builder.config("spark.driver.memory", f"{memory}m")
            builder = builder.config("spark.sql.shuffle.partitions", threads)
        self.session = builder.getOrCreate()
        if is_here:
            self.session.sparkContext.setLogLevel("ERROR")

    def register(self, name: str, path: Path) -> None:
        """Make the Parquet file at `path` known as the table `name`."""
        self.session.read.parquet(str(path)).createOrReplaceTempView(name)

    def query(self, sql: str) -> pa.Table:
        """The rows of one SELECT, as the Arrow table that DuckDB gives."""
        import warnings

        import pyarrow as pa
        from sqlglot import transpile

        (translated,) = transpile(sql, read="duckdb", write="spark")
        with warnings.catch_warnings():
            # of pandas 3, with which PySpark is not yet at ease: no frame of its own is used
            warnings.simplefilter("ignore", FutureWarning)
            found = self.session.sql(translated).toArrow()
        plain = [pa.field(one.name, one.type) for one in found.schema]
        return found.cast(pa.schema(plain)).combine_chunks()

    def write(self, sql: str, path: Path) -> None:
        """Write the rows of one SELECT, in its order, to a Parquet file."""
        import pyarrow.parquet as pq

        pq.write_table(self.query(sql), path, compression="zstd")
