"""Which constraint a statement violated, and the refusal that stands for it.

Constraints that people can run into have hand-written names. Such a refusal has no
cause: PostgreSQL's own messages quote what was typed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session


def violated(error: DBAPIError) -> str | None:
    """Return the name of the constraint that an error is about, if there is one."""
    reported = getattr(error.orig, "diag", None)
    name: str | None = getattr(reported, "constraint_name", None)
    return name


@contextmanager
def translate_violations(
    session: Session, refusals: Mapping[str, Callable[[], Exception]]
) -> Iterator[None]:
    """Run statements in a savepoint; raise the refusal of a violated constraint.

    The transaction goes on. Other violations are raised unchanged.
    """
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        refusal = refusals.get(violated(error) or "")
        if refusal is None:
            raise
        raise refusal() from None
