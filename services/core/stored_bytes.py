"""What becomes of bytes that are stored before the row that names them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.core.errors import ServiceError, Unavailable


@contextmanager
def discarding_on_refusal(discard: Callable[[], object]) -> Iterator[None]:
    """Write the row of stored bytes inside; if it is refused, discard the bytes.

    If it is unknown whether the row was written, the bytes stay; the sweep removes them
    later if no row names them.
    """
    try:
        yield
    except Unavailable:
        raise
    except ServiceError:
        discard()
        raise
