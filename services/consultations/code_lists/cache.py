"""The chosen lists, cached for all pages of a process until somebody changes one."""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database, DatabaseUnavailable, Lsn
from services.consultations.code_lists import reading
from services.consultations.diagnoses import DiagnosisList
from services.consultations.drugs import DrugList
from services.lists.cache import CacheRegion, ChangeListener, ExpiringValue

_L = TypeVar("_L", DrugList, DiagnosisList)

_SECONDS: Final = 300.0


class CodeListCache:
    """Drugs and diagnoses for searching while somebody types.

    Whoever signs or saves something reads the list again. If the databases do not
    answer, a page continues with the last known list.
    """

    def __init__(self, database: Database, listener: ChangeListener) -> None:
        self._database = database
        region = partial(CacheRegion, seconds=_SECONDS, changes=listener)
        self._drugs: CacheRegion[DrugList] = region("drugs")
        self._diagnoses: CacheRegion[DiagnosisList] = region("diagnoses")
        self._last: dict[str, DrugList | DiagnosisList] = {}

    def drugs(self, after: Lsn | None = None) -> DrugList:
        """Return the drugs that the clinic has chosen. Raises DatabaseUnavailable."""
        return self._look(self._drugs, "drugs", reading.drugs, after)

    def diagnoses(self, after: Lsn | None = None) -> DiagnosisList:
        """Return the diagnoses that the clinic has chosen.

        Raises DatabaseUnavailable.
        """
        return self._look(self._diagnoses, "diagnoses", reading.diagnoses, after)

    def _look(
        self,
        region: CacheRegion[_L],
        name: str,
        operation: Callable[[Session], _L],
        after: Lsn | None,
    ) -> _L:
        try:
            read = region.look(
                name,
                lambda fresh_at: self._database.read(
                    lambda session: ExpiringValue(operation(session)),
                    after=fresh_at,
                    identity=SYSTEM,
                ),
                after,
            )
        except DatabaseUnavailable:
            last: _L | None = self._last.get(name)  # type: ignore[assignment]
            if last is None:
                raise
            return last
        self._last[name] = read.value
        return read.value
