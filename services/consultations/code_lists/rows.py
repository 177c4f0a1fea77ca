"""The rows of a clinic's own drugs and diagnoses, and what identifies an entry."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db.models.consultation import ListedDiagnosis, ListedDrug
from services.consultations.code_lists.model import ListKind
from services.consultations.diagnoses import Category
from services.consultations.drugs import ClinicDrug

Entry = ClinicDrug | Category
_MODELS: Final[Mapping[ListKind, type[ListedDrug] | type[ListedDiagnosis]]] = {
    ListKind.DRUGS: ListedDrug,
    ListKind.DIAGNOSES: ListedDiagnosis,
}


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """An entry with its row's id; a retired one is no longer offered."""

    id: UUID
    entry: Entry


def key_of(entry: Entry) -> tuple[str, ...]:
    """Return the key by which an entry is recognised in another file."""
    if isinstance(entry, Category):
        return entry.system, entry.code.upper()
    return entry.name.casefold(), entry.strength.casefold(), entry.form.casefold()


def label_of(entry: Entry) -> str:
    """Return an entry as people know it."""
    return entry.line if isinstance(entry, Category) else entry.label


def read_drugs(session: Session) -> Iterator[tuple[UUID, ClinicDrug]]:
    """Yield the clinic's own drugs by name, including retired ones."""
    statement = select(
        ListedDrug.id,
        ListedDrug.name,
        ListedDrug.form,
        ListedDrug.strength,
        ListedDrug.route,
        ListedDrug.atc_code,
        ListedDrug.ingredients,
        ListedDrug.retired_at,
    ).order_by(ListedDrug.name, ListedDrug.id)
    for row in session.execute(statement):
        yield (
            row.id,
            ClinicDrug(
                name=row.name,
                form=row.form,
                strength=row.strength,
                route=row.route,
                atc_code=row.atc_code,
                ingredients=tuple(row.ingredients),
                is_retired=row.retired_at is not None,
            ),
        )


def read_diagnoses(session: Session) -> Iterator[tuple[UUID, Category]]:
    """Yield the clinic's own diagnoses by code, including retired ones."""
    statement = select(
        ListedDiagnosis.id,
        ListedDiagnosis.code,
        ListedDiagnosis.term,
        ListedDiagnosis.synonyms,
        ListedDiagnosis.system,
        ListedDiagnosis.retired_at,
    ).order_by(ListedDiagnosis.code, ListedDiagnosis.id)
    for row_id, code, term, synonyms, system, retired_at in session.execute(statement):
        is_retired = retired_at is not None
        yield row_id, Category(code, term, tuple(synonyms), system, is_retired)


def read_kept(session: Session, kind: ListKind) -> dict[tuple[str, ...], KeptEntry]:
    """Return the clinic's own entries by their keys."""
    rows: Iterable[tuple[UUID, Entry]] = (
        read_drugs(session) if kind is ListKind.DRUGS else read_diagnoses(session)
    )
    return {key_of(entry): KeptEntry(row_id, entry) for row_id, entry in rows}


def add(session: Session, kind: ListKind, entries: Iterable[Entry]) -> None:
    """Insert entries that were never in the list."""
    if values := [_values(entry) for entry in entries]:
        session.execute(insert(_MODELS[kind]), values)


def change(session: Session, kind: ListKind, entries: Iterable[KeptEntry]) -> None:
    """Update rows to these entries, and offer them."""
    if values := [
        {"id": kept.id, "retired_at": None, **_values(kept.entry)} for kept in entries
    ]:
        session.execute(update(_MODELS[kind]), values)


def retire(session: Session, kind: ListKind, row_ids: Iterable[UUID]) -> None:
    """Retire rows, so that they are no longer offered."""
    model = _MODELS[kind]
    session.execute(
        update(model)
        .where(model.id.in_(list(row_ids)), model.retired_at.is_(None))
        .values(retired_at=func.now())
        .execution_options(synchronize_session=False)
    )


def count(session: Session, kind: ListKind) -> tuple[int, int]:
    """Return how many entries are offered, and how many are retired."""
    model = _MODELS[kind]
    offered, every = session.execute(
        select(func.count().filter(model.retired_at.is_(None)), func.count(model.id))
    ).one()
    return offered, every - offered


def _values(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Category):
        return {
            "system": entry.system,
            "code": entry.code,
            "term": entry.title,
            "synonyms": list(entry.synonyms),
        }
    return {
        "name": entry.name,
        "form": entry.form,
        "strength": entry.strength,
        "route": entry.route,
        "atc_code": entry.atc_code,
        "ingredients": list(entry.ingredients),
    }
