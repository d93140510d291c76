"""What the tests of reports share: small runs of every kind, made once."""

import pytest
from pages import make_files


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A result, another one and a dataset of scenarios, which nobody changes."""
    return make_files(tmp_path_factory.mktemp("reports"))
