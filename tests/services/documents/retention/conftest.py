"""Who the tests of retention start with."""

from tests.services.documents.records.conftest import patient

__all__ = ["patient"]
