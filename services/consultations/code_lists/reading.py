"""The list of drugs or diagnoses that a clinic has chosen, as it is now."""

from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.consultation import CodeList
from services.consultations.code_lists import rows
from services.consultations.code_lists.model import (
    CodeListState,
    ListKind,
    ListSource,
)
from services.consultations.diagnoses import (
    BUILT_IN as BUILT_IN_DIAGNOSES,
    DiagnosisList,
)
from services.consultations.drugs import BUILT_IN as BUILT_IN_DRUGS, DrugList
from services.core.actors import Actor, Permission

_L = TypeVar("_L", DrugList, DiagnosisList)

# Lists by their version, whose content never changes.
_built_drugs: Final[LRUCache[UUID, DrugList]] = LRUCache(2)
_built_diagnoses: Final[LRUCache[UUID, DiagnosisList]] = LRUCache(2)
_guard: Final = Lock()


def drugs(session: Session) -> DrugList:
    """Return the drugs of the list that the clinic has chosen."""
    source, version, _ = _chosen(session, ListKind.DRUGS)
    if source is ListSource.BUILT_IN:
        return BUILT_IN_DRUGS
    return _built(
        _built_drugs,
        version,
        lambda: DrugList(
            (drug for _, drug in rows.read_drugs(session)),
            has_built_in=source is ListSource.BOTH,
        ),
    )


def diagnoses(session: Session) -> DiagnosisList:
    """Return the diagnoses of the list that the clinic has chosen.

    Even if that is the built-in list, the clinic's own diagnoses remain known, so that
    what was coded by them can be read.
    """
    source, version, is_imported = _chosen(session, ListKind.DIAGNOSES)
    if not is_imported:
        return BUILT_IN_DIAGNOSES
    return _built(
        _built_diagnoses,
        version,
        lambda: DiagnosisList(
            (category for _, category in rows.read_diagnoses(session)),
            has_own=source is not ListSource.BUILT_IN,
            has_built_in=source is not ListSource.OWN,
        ),
    )


def list_states(session: Session, actor: Actor) -> tuple[CodeListState, ...]:
    """Return the state of each list. Raises NotAllowed."""
    actor.require(Permission.MANAGE_CODE_LISTS)
    kept = session.execute(
        select(
            CodeList.kind,
            CodeList.source,
            CodeList.version,
            CodeList.imported_at,
            CodeList.imported_by_name,
        ).order_by(CodeList.kind.desc())
    )
    return tuple(
        CodeListState(
            ListKind(kind),
            ListSource(source),
            version,
            imported_at,
            imported_by_name,
            *rows.count(session, ListKind(kind)),
        )
        for kind, source, version, imported_at, imported_by_name in kept.all()
    )


def _chosen(session: Session, kind: ListKind) -> tuple[ListSource, UUID, bool]:
    source, version, imported_at = session.execute(
        select(CodeList.source, CodeList.version, CodeList.imported_at).where(
            CodeList.kind == kind.value
        )
    ).one()
    return ListSource(source), version, imported_at is not None


def _built(built: "LRUCache[UUID, _L]", version: UUID, build: Callable[[], _L]) -> _L:
    with _guard:
        known = built.get(version)
    if known is None:
        known = build()
        with _guard:
            built[version] = known
    return known
