"""Programs that tests open files with, and that a machine may lack."""

import os

import pytest


def needed(there, wanted):
    """Skip what needs a program that is not there; fail where the environment says that all are required.

    Parameters
    ----------
    there
        Whether it is.
    wanted
        What is, in words.
    """
    if not there:
        assert os.environ.get("SPVRISK_PROGRAMS") != "required", f"needs {wanted}"
        pytest.skip(f"needs {wanted}")
