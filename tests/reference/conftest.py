"""What several tests of the reference share."""

import pytest

from every_clause import example_study


@pytest.fixture(scope="module")
def example():
    return example_study()
