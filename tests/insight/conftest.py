"""Fixtures of the insight tests."""

import pytest
from scored_files import make_file, make_taxonomy


@pytest.fixture(scope="session")
def taxonomy():
    return make_taxonomy()


@pytest.fixture(scope="session")
def scored_file():
    return make_file()
