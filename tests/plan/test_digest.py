"""The digest of a plan: what counts in it, and that its bytes give the plan back."""

import hashlib
import struct

import numpy as np
import pytest

from small_run import make_plan
from spvrisk.plan.arrays import REGIME, Plan
from spvrisk.plan.digest import pack_plan, plan_sha256, unpack_plan


def bits(plan: Plan) -> list[bytes]:
    """Bytes of all values, without those between fields."""
    arrays = [a[f] for a in plan for f in a.dtype.names or ()] + [a for a in plan if a.dtype.names is None]
    return [array.tobytes() for array in arrays]


def test_pack_plan__by_hand():
    """Two of the arrays, written with struct."""
    plan = make_plan()._replace(rows=np.array([3, -1]), regimes=np.zeros(1, REGIME))
    plan.regimes["first"], plan.regimes["hold_stream"] = 7, 2**31 + 1
    packed = pack_plan(plan)
    assert b"rows <i8 2\n" + struct.pack("<qq", 3, -1) in packed
    fields = [("first", "<i8", "q", 7), ("initial", "<i8", "q", 0), ("since", "<i8", "q", 0)]
    fields += [("hold_stream", "<u4", "I", 2**31 + 1), ("to_stream", "<u4", "I", 0), ("clock_stream", "<u4", "I", 0)]
    regimes = (f"regimes.{n} {d} 1\n".encode() + struct.pack("<" + code, value) for n, d, code, value in fields)
    assert b"".join(regimes) + b"states.regime <i8 5\n" in packed
    assert plan_sha256(plan) == hashlib.sha256(packed).hexdigest()


def test_plan_sha256__counts_every_bit_of_every_field_and_no_padding():
    plan = make_plan()
    digest = plan_sha256(plan)
    padded = plan._replace(regimes=np.zeros(2, REGIME))
    for field in REGIME.names:
        padded.regimes[field] = plan.regimes[field]
    assert padded.regimes.tobytes() != plan.regimes.tobytes()
    assert plan_sha256(padded) == digest
    for name, array in plan._asdict().items():
        for field in array.dtype.names or (None,):
            changed = array.copy()
            column = changed if field is None else changed[field]
            column.view(f"u{column.itemsize}")[-1:] ^= np.array([1], f"u{column.itemsize}")
            same = plan_sha256(plan._replace(**{name: changed})) == digest
            assert same == (array.size == 0), (name, field)


def test_unpack_plan__bit_for_bit_in_arrays_of_its_own():
    plan = make_plan()
    again = unpack_plan(pack_plan(plan))
    assert bits(again) == bits(plan)
    for one, other in zip(plan, again, strict=True):
        assert other.dtype == one.dtype and other.flags.writeable and other.flags.c_contiguous and other.flags.aligned


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"",
        lambda data: data.replace(b"study.dt", b"study.dx"),
        lambda data: data.replace(b"rows <i8", b"rows <f8"),
        lambda data: data.replace(b"study.steps <i8 1\n", b"study.steps <i8 9\n"),
    ],
    ids=["cut short", "too long", "empty", "another field", "another type", "another length"],
)
def test_unpack_plan__refuses_what_is_no_plan(spoil):
    with pytest.raises(ValueError):
        unpack_plan(spoil(pack_plan(make_plan())))
