"""What each column of a table becomes; fixed once per study, from the whole table's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from actscope.errors import DataError

Kind = Literal["number", "boolean", "category", "date"]

OTHER = "other"
_DATE_PARTS = ("days", "month sin", "month cos", "weekday sin", "weekday cos")


@dataclass(frozen=True)
class Column:
    """One column that is used, and the inputs of the network that it becomes.

    missing: some row of the whole table lacks a value, so a 0/1 input says where.
    levels: of a category, its texts in the order of its inputs (two levels: one input).
    other: of a category, one further input for every level that is not in `levels`.
    date_format: of a date read from text, the strptime format ("ISO8601" for ISO dates).
    """

    name: str
    kind: Kind
    missing: bool = False
    levels: tuple[str, ...] = ()
    other: bool = False
    date_format: str | None = None

    @property
    def shown_levels(self) -> tuple[str, ...]:
        """The levels that have an input of their own (the second of two says it all)."""
        if self.other or len(self.levels) > 2:
            return self.levels
        return self.levels[1:]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs, in order.

        >>> Column("sex", "category", missing=True, levels=("f", "m")).inputs
        ('sex = m', 'sex is missing')
        """
        if self.kind == "category":
            names = [f"{self.name} = {level}" for level in self.shown_levels]
            if self.other:
                # A level that is itself called "other" keeps its plain name.
                taken = OTHER in self.shown_levels
                names.append(f"{self.name} = {OTHER}{' (rarer)' if taken else ''}")
        elif self.kind == "date":
            names = [f"{self.name} ({part})" for part in _DATE_PARTS]
        else:
            names = [self.name]
        if self.missing:
            names.append(f"{self.name} is missing")
        return tuple(names)

    @property
    def width(self) -> int:
        """How many inputs it becomes."""
        return len(self.inputs)


@dataclass(frozen=True)
class Schema:
    """The columns that are used, in order, and where they came from.

    target: the name of the target column in the source.
    source_columns: every column of the source in its order, the target among them.
    header: False when the source had no names, so that new data is read by position.
    """

    columns: tuple[Column, ...]
    target: str
    source_columns: tuple[str, ...] = ()
    header: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are used."""
        return tuple(column.name for column in self.columns)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of all inputs of a network, in order."""
        return tuple(name for column in self.columns for name in column.inputs)

    @property
    def width(self) -> int:
        """How many inputs a network has."""
        return len(self.inputs)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` is its inverse."""
        columns: list[dict[str, Any]] = []
        for column in self.columns:
            entry: dict[str, Any] = {"name": column.name, "kind": column.kind}
            if column.missing:
                entry["missing"] = True
            if column.kind == "category":
                entry["levels"] = list(column.levels)
                entry["other"] = column.other
            if column.date_format is not None:
                entry["date_format"] = column.date_format
            columns.append(entry)
        return {
            "columns": columns,
            "target": self.target,
            "source_columns": list(self.source_columns),
            "header": self.header,
        }

    @staticmethod
    def from_dict(state: Mapping[str, Any]) -> Schema:
        """The schema that `to_dict` described; DataError when it is not such a description."""
        try:
            columns = tuple(
                Column(
                    name=str(entry["name"]),
                    kind=entry["kind"],
                    missing=bool(entry.get("missing", False)),
                    levels=tuple(str(level) for level in entry.get("levels", ())),
                    other=bool(entry.get("other", False)),
                    date_format=entry.get("date_format"),
                )
                for entry in state["columns"]
            )
            schema = Schema(
                columns=columns,
                target=str(state["target"]),
                source_columns=tuple(str(name) for name in state["source_columns"]),
                header=bool(state["header"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"this is not a saved schema ({type(error).__name__}: {error}):"
                " expected what Schema.to_dict() gives"
            ) from error
        for column in columns:
            if column.kind not in get_args(Kind):
                raise DataError(
                    f"a saved schema has a column of kind {column.kind!r};"
                    f" allowed: {', '.join(get_args(Kind))}"
                )
        return schema
