"""Tables as Parquet: text as strings, undefined numbers as nulls, which databases leave out of their means."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.exports.library import library
from spvrisk.exports.table import DATE, TEXT, Column, Data, Table
from spvrisk.files import Kind

_KEY = b"spvrisk"
"""Under which the file says what it was made from."""


def _arrow(module: str = "") -> Any:
    return library(".parquet", module)


def _known(path: Path) -> bool:
    try:
        return _KEY in (_arrow(".parquet").read_schema(path).metadata or {})
    except (OSError, _arrow().ArrowException):
        return False


PARQUET = Kind(phrase("a Parquet file that export wrote"), _known)


def write_parquet(path: Path, table: Table, facts: dict[str, str | float]) -> None:
    """Write a table as Parquet, a row group for each batch.

    Parameters
    ----------
    path
        File to write to.
    table
        What to write.
    facts
        What the result is; they are kept as JSON in the metadata of the file.
    """
    arrow, metadata = _arrow(), {_KEY: json.dumps({"table": table.name, **facts}, ensure_ascii=False)}
    schema = arrow.schema([_field(arrow, column) for column in table.columns], metadata=metadata)
    # of all filters, every reader knows snappy
    with _arrow(".parquet").ParquetWriter(path, schema, compression="snappy") as writer:
        for batch in table.batches():
            columns = [_array(arrow, data, field) for data, field in zip(batch, schema, strict=True)]
            writer.write_batch(arrow.record_batch(columns, schema=schema))


def _field(arrow: Any, column: Column) -> Any:
    kinds = {TEXT: arrow.string, DATE: arrow.date32}
    kind = kinds[column.type]() if column.type in kinds else arrow.from_numpy_dtype(np.dtype(column.type))
    about = {"meaning": column.meaning, "measured_in": column.measured_in}
    return arrow.field(column.name, kind, metadata={key: text for key, text in about.items() if text})


def _array(arrow: Any, data: Data, field: Any) -> Any:
    if isinstance(data, list):
        return arrow.array(data, field.type)
    return arrow.array(data, field.type, mask=np.isnan(data) if data.dtype.kind == "f" else data < 0)
