"""Work that is done in short transactions, until nothing is left to do."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database


def repeated(database: Database, step: Callable[[Session], int]) -> Iterator[int]:
    """Do one step after another until one finds nothing; yield how much each did.

    Whatever is killed midway is finished by the next run; steps leave alone what
    another run has locked.
    """
    while done := database.write(step, identity=SYSTEM).value:
        yield done
