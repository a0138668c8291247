"""Tables made on demand, once, from the tables above them: what make is for files."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segkit.engagement import Engagement
from segkit.engine import Engine, Spark
from segkit.language import Message

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

PACKAGE = Path(__file__).parent
#: Marks a column whose texts are messages, to be said in any language.
_MESSAGES = {b"segkit": b"messages"}
#: A change in one of these makes every table anew.
_SHARED_GROUND = (
    "engine.py",
    "tables.py",
    "engagement.py",
    "evidence",
    "frozen.py",
    "measures.py",
    "store.py",
)


@dataclass(frozen=True)
class Sql:
    """A SELECT whose rows, in its order, are the table; nothing passes through Python."""

    text: str


@dataclass(frozen=True)
class Recipe:
    """How tables are made from others.

    Attributes
    ----------
    makes
        Names of the tables it makes.
    make
        ``package.module:function``, called with a `Given`; returns one table,
        or a dict of them by name when it makes several.
    needs
        Tables without which it cannot be made.
    may_use
        Tables it uses where the client gave them.
    keys
        Keys of the engagement it reads.
    files
        Contract tables whose client files it opens.
    is_portable
        Its SELECTs mean the same to every engine, so the engagement's own runs them.
    """

    makes: tuple[str, ...]
    make: str
    needs: tuple[str, ...] = ()
    may_use: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    is_portable: bool = False


@dataclass(frozen=True)
class Given:
    """What a recipe is made from: the engagement, and the tables it named, by query or whole.

    Attributes
    ----------
    makes
        The tables wanted.
    spark
        Runs the queries of a portable recipe where the engagement says so.
    """

    engagement: Engagement
    paths: Mapping[str, Path]
    engine: Engine
    makes: tuple[str, ...] = ()
    spark: Spark | None = None

    def has(self, name: str) -> bool:
        """Whether the client's records hold the table `name`."""
        return name in self.paths

    def arrow(self, sql: str) -> pa.Table:
        """The rows of one SELECT over the named tables, as Arrow."""
        return (self.spark or self.engine).query(sql)

    def query(self, sql: str) -> pd.DataFrame:
        """The rows of one SELECT over the named tables; dates are datetime64."""
        return as_frame(self.arrow(sql))

    def table(self, name: str) -> pd.DataFrame:
        """A whole table, in its order."""
        return read_frame(self.paths[name])


@dataclass
class Store:
    """The tables of one engagement, as ``<name>.<hash>.parquet``, shared by runs and JupyterLab.

    Parameters
    ----------
    recipes
        In order: a recipe needs only tables made above it.
    file_hash
        Gives the hash of the client files behind a contract table.
    """

    folder: Path
    engagement: Engagement
    recipes: Sequence[Recipe]
    file_hash: Callable[[Engagement, str], str]
    used: dict[str, Path] = field(default_factory=dict)

    @cached_property
    def _by_table(self) -> dict[str, Recipe]:
        return {name: recipe for recipe in self.recipes for name in recipe.makes}

    def has(self, name: str) -> bool:
        """Whether `name` can be made from what the client gave."""
        recipe = self._by_table.get(name)
        if recipe is None:
            return False
        given = {*self.engagement.sources}
        return all(file in given for file in recipe.files) and all(map(self.has, recipe.needs))

    def path(self, name: str) -> Path:
        """The Parquet file of the table `name`, made now if it isn't there.

        Asked again, it is the same file: one store sees its client's files as they were first.
        """
        if name in self.used:
            return self.used[name]
        recipe = self._by_table[name]
        inputs = {one: self.path(one) for one in (*recipe.needs, *self._optional(recipe))}
        made = self._file(name, self._hash(recipe, inputs))
        if not made.exists():
            self._make(recipe, inputs, made)
        self.used[name] = made
        return made

    def frame(self, name: str) -> pd.DataFrame:
        """The table `name` as a data frame; dates are datetime64."""
        return read_frame(self.path(name))

    def _optional(self, recipe: Recipe) -> list[str]:
        return [name for name in recipe.may_use if self.has(name)]

    def _file(self, name: str, digest: str) -> Path:
        return self.folder / f"{name}.{digest}.parquet"

    def _hash(self, recipe: Recipe, inputs: Mapping[str, Path]) -> str:
        agreed = self.engagement.model_dump(mode="json")
        told = {
            "make": recipe.make,
            "inputs": {name: path.name for name, path in sorted(inputs.items())},
            "keys": {key: _at(agreed, key) for key in recipe.keys},
            "files": {name: self.file_hash(self.engagement, name) for name in recipe.files},
            "code": code_hash(recipe.make.split(":")[0]),
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def _make(self, recipe: Recipe, inputs: Mapping[str, Path], wanted: Path) -> None:
        from filelock import FileLock

        digest = wanted.name.split(".")[-2]
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / f"{recipe.makes[0]}.{digest}.lock"):
            if wanted.exists():  # another notebook made it while we waited
                return
            module, function = recipe.make.split(":")
            make = getattr(importlib.import_module(module), function)
            on_spark = recipe.is_portable and self.engagement.engine == "spark"
            spark = Spark() if on_spark else None
            with Engine(self.folder / f"scratch.{digest}") as engine:
                for name, path in inputs.items():
                    (spark or engine).register(name, path)
                made = make(Given(self.engagement, inputs, engine, recipe.makes, spark))
                tables = made if isinstance(made, dict) else {recipe.makes[0]: made}
                # the wanted table last: where it exists, all its siblings do
                for name in sorted(recipe.makes, key=lambda one: one == wanted.name.split(".")[0]):
                    _write(spark or engine, tables[name], self._file(name, digest))


def read_frame(path: Path) -> pd.DataFrame:
    """A Parquet file as a data frame; dates are datetime64, messages are messages again."""
    import pandas as pd
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    frame = as_frame(table)
    for column in table.schema:
        if column.metadata == _MESSAGES:
            told = [Message.from_json(json.loads(one)) for one in frame[column.name]]
            frame[column.name] = pd.Series(told, dtype=object)
    return frame


def as_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a data frame; dates are datetime64."""
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


@lru_cache(maxsize=4096)
def _file_digest(path: str, size: int, changed: int) -> str:
    with Path(path).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, read once for as long as it does not change."""
    told = path.stat()
    return _file_digest(str(path), told.st_size, told.st_mtime_ns)


@lru_cache
def code_hash(module: str) -> str:
    """The hash of a stage's source and of the shared ground below it."""
    stage = module.split(".")[1]
    files = [path for name in (stage, *_SHARED_GROUND) for path in _sources(PACKAGE / name)]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(place: Path) -> list[Path]:
    """The files of a module, which is one file or a folder."""
    return sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def _at(agreed: Any, key: str) -> Any:
    for part in key.split("."):
        agreed = agreed.get(part) if isinstance(agreed, dict) else None
    return agreed


def _write(engine: Engine | Spark, made: Any, path: Path) -> None:
    """Write beside and rename: a reader never sees half a table."""
    import pandas as pd
    import pyarrow.parquet as pq

    beside = path.with_name(f".{path.name}.{os.getpid()}")
    if isinstance(made, Sql):
        engine.write(made.text, beside)
    else:
        if isinstance(made, pd.DataFrame):
            made = _arrow(made)
        pq.write_table(made.replace_schema_metadata(None), beside, compression="zstd")
    beside.replace(path)


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """A frame as Arrow, its messages as text that says so."""
    import pyarrow as pa

    told = [str(name) for name in frame if isinstance(next(iter(frame[name]), None), Message)]
    texts: Any = {name: frame[name].map(lambda one: json.dumps(one.as_json())) for name in told}
    made = pa.Table.from_pandas(frame.assign(**texts), preserve_index=False)
    fields = [one.with_metadata(_MESSAGES) if one.name in told else one for one in made.schema]
    return made.cast(pa.schema(fields))
