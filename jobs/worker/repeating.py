"""Work of which each step is a short transaction, until nothing is left to do."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database


def repeated(database: Database, step: Callable[[Session], int]) -> Iterator[int]:
    """Do one step after the other until one finds nothing; yield how much each did.

    Whatever is killed in the middle is done by the next run; what another run has
    locked, steps leave alone.
    """
    while done := database.write(step, identity=SYSTEM).value:
        yield done
