"""What becomes of bytes that are stored before the row that names them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.core.errors import ServiceError, Unavailable


@contextmanager
def row_of(discard: Callable[[], object]) -> Iterator[None]:
    """Write the row of stored bytes inside; refused, they are discarded.

    Where nobody knows whether the row was written the bytes stay, and are swept later
    if no row names them.
    """
    try:
        yield
    except Unavailable:
        raise
    except ServiceError:
        discard()
        raise
