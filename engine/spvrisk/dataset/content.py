"""The digest of a result's content: equal digests are what "identical results" means.

Groups in the order of their names, variables in the order of theirs, ``/provenance`` left out. Each variable
gives six lines of UTF-8 text, each ended by a newline: ``/group/name``, dimensions joined by commas, dtype as
a little-endian NumPy string, shape joined by commas, ``units`` and ``flag_meanings`` (empty lines where it
has none); then its values in C order as little-endian bytes, every NaN as the one quiet NaN and -0 as +0. A
variable whose first dimension is ``path`` gives, in place of its bytes, the SHA-256 of the SHA-256 digests of
its leaves of 4096 paths. Attributes of the file, chunks and filters stay out.

A second digest is over the tables alone, and a third over what the file says of itself, so that both can be checked
whenever a file is opened.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.plan.shared import LEAF

TABLE_GROUPS = ("conditional", "summary", "timeline", "uncertainty")
"""Groups of the variables that are read whole when a file is opened, in the order of their names."""

Tables = Mapping[str, Mapping[str, NDArray[Any]]]
"""Values by group and variable."""


class Described(NamedTuple):
    """What the digest needs to know of a variable besides its values.

    Attributes
    ----------
    group, name
        Where it is, ``summary`` and ``npv_funder_mean``.
    dims
        Names of its dimensions.
    dtype
        Little-endian NumPy string.
    shape
        Its lengths.
    units, flag_meanings
        Its attributes, ``""`` where it has none.
    """

    group: str
    name: str
    dims: tuple[str, ...]
    dtype: str
    shape: tuple[int, ...]
    units: str
    flag_meanings: str

    @classmethod
    def of(
        cls,
        group: str,
        name: str,
        dims: tuple[str, ...],
        dtype: str,
        shape: tuple[int, ...],
        about: Mapping[str, object],
    ) -> "Described":
        """Describe a variable by its place, its form and its attributes.

        Parameters
        ----------
        group, name, dims, dtype, shape
            As the attributes.
        about
            Attributes of the variable.
        """
        return cls(group, name, dims, dtype, shape, str(about.get("units", "")), str(about.get("flag_meanings", "")))

    @property
    def key(self) -> tuple[str, str]:
        """Its place in the order of the digest."""
        return self.group, self.name


def canonical_bytes(array: NDArray[Any]) -> bytes:
    """Values in C order as little-endian bytes, every NaN as one pattern and -0 as +0.

    Parameters
    ----------
    array
        Of any shape and type.
    """
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    if array.dtype.kind == "f":
        with np.errstate(invalid="ignore"):  # a damaged file may hold signalling NaNs
            array = array + array.dtype.type(0.0)
        array[np.isnan(array)] = np.nan
    return array.tobytes()


def digest_of_leaves(blocks: Iterable[NDArray[Any]]) -> bytes:
    """SHA-256 of the digests of a path variable's leaves.

    Parameters
    ----------
    blocks
        Values of consecutive paths ``(path, ...)``, each but the last of a whole number of leaves.
    """
    outer = hashlib.sha256()
    for block in blocks:
        for first in range(0, block.shape[0], LEAF):
            outer.update(hashlib.sha256(canonical_bytes(block[first : first + LEAF])).digest())
    return outer.digest()


def content_digest(parts: Iterable[tuple[Described, bytes]]) -> str:
    """Join the variables' texts and bytes, given in any order, into the file's ``content_sha256``.

    Parameters
    ----------
    parts
        Description of each variable, and its `canonical_bytes`.
    """
    total = hashlib.sha256()
    for variable, payload in sorted(parts, key=lambda part: part[0].key):
        lines = (
            f"/{variable.group}/{variable.name}",
            ",".join(variable.dims),
            variable.dtype,
            ",".join(str(length) for length in variable.shape),
            variable.units,
            variable.flag_meanings,
        )
        total.update("".join(line + "\n" for line in lines).encode())
        total.update(payload)
    return total.hexdigest()


def tables_digest(labels_json: bytes, tables: Tables) -> str:
    """Join the labels' text and the values of `TABLE_GROUPS` into the file's ``tables_sha256``.

    First comes the text with a newline after it; then each variable gives three lines of text (``/group/name``, dtype,
    shape) and its bytes, as for the content.

    Parameters
    ----------
    labels_json
        The labels as the file holds them.
    tables
        Arrays by group and name.
    """
    total = hashlib.sha256(labels_json + b"\n")
    for group in TABLE_GROUPS:
        for name, array in sorted(tables.get(group, {}).items()):
            dtype, shape = array.dtype.newbyteorder("<").str, ",".join(str(length) for length in array.shape)
            total.update(f"/{group}/{name}\n{dtype}\n{shape}\n".encode())
            total.update(canonical_bytes(array))
    return total.hexdigest()


def metadata_digest(attributes: Mapping[str, Mapping[str, object]], texts: Mapping[str, bytes]) -> str:
    """Join what a file says of itself into its ``metadata_sha256``.

    First comes a line of JSON, keys in order: attributes by group, ``""`` for the file's own, without
    ``metadata_sha256``. Then each text of ``/provenance`` gives a line with its name and length, and its bytes.

    Parameters
    ----------
    attributes
        Text and numbers by group and name.
    texts
        By name.
    """
    said = {group: {name: _plain(value) for name, value in held.items()} for group, held in attributes.items()}
    total = hashlib.sha256(json.dumps(said, sort_keys=True).encode() + b"\n")
    for name, text in sorted(texts.items()):
        total.update(f"{name} {len(text)}\n".encode() + text)
    return total.hexdigest()


def _plain(value: object) -> object:
    """Text and Python's numbers; bytes of a name that are no text as the file has them."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    return value.item() if isinstance(value, np.generic) else value
