"""Gives each case generated from the API's description an id of its own."""

import pytest
from schemathesis.pytest.plugin import SchemathesisFunction


# Before xdist, which runs only one of several with the same id.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the operation to the id: since 9.2, pytest takes it from the function."""
    for item in items:
        if isinstance(item, SchemathesisFunction):
            item._id = item.id.with_params(item.operation_label)
