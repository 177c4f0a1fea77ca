"""How a clinic's own list is compared with a file, imported, and chosen for use."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.consultation import CodeList
from services.consultations.code_lists import rows
from services.consultations.code_lists.csv_files import CodeFile
from services.consultations.code_lists.model import (
    ListChangedMeanwhile,
    ListChanges,
    ListKind,
    ListSource,
    UnreadableList,
)
from services.consultations.code_lists.rows import Entry, KeptEntry
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence, joined

_SUBJECT: Final = "code-list"
_UNSAID: Final = Sentence("nothing")


def compare(session: Session, actor: Actor, file: CodeFile) -> ListChanges:
    """Return what a file would change in the clinic's own list, without changing it.

    Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_CODE_LISTS)
    return _Comparison(session, file, _version_of(session, file.kind)).changes()


def import_list(
    session: Session, actor: Actor, file: CodeFile, *, version: UUID
) -> ListChanges:
    """Replace the clinic's own list by the content of the file; the caller commits.

    All of the file is imported or nothing: leaving out an invalid line would retire its
    entry. `version` is the version of the list that the file was compared with. Raises
    UnreadableList, ListChangedMeanwhile, NotAllowed.
    """
    actor.require(Permission.MANAGE_CODE_LISTS)
    if file.problems:
        raise UnreadableList(
            Sentence(
                "{number:,} of the file's lines cannot be imported, so none was. "
                "Correct them and check the file again.",
                number=len(file.problems),
            )
        )
    _lock(session, file.kind, version)
    comparison = _Comparison(session, file, version)
    comparison.write()
    session.execute(
        update(CodeList)
        .where(CodeList.kind == file.kind.value)
        .values(
            version=func.uuidv7(), imported_at=func.now(), imported_by_name=actor.name
        )
    )
    changes = comparison.changes()
    audit.record(
        session,
        actor,
        Action.CODES_IMPORT,
        subject=(_SUBJECT, file.kind.value),
        details={
            "new": len(changes.new),
            "changed": len(changes.changed),
            "gone": len(changes.gone),
            "unchanged": changes.unchanged,
        },
    )
    return changes


def choose(
    session: Session,
    actor: Actor,
    kind: ListKind,
    source: ListSource,
    *,
    version: UUID | None = None,
) -> None:
    """Choose the list of a kind that the clinic uses from now on; the caller commits.

    `version` is the version of the list that was shown, if any. Raises InvalidInput,
    ListChangedMeanwhile, NotAllowed.
    """
    actor.require(Permission.MANAGE_CODE_LISTS)
    before = _lock(session, kind, version)
    if before is source:
        return
    if source is not ListSource.BUILT_IN and not rows.count(session, kind)[0]:
        raise InvalidInput(
            "source",
            Sentence(
                "The clinic has no {kind} of its own yet. Import a list first.",
                kind=Sentence(kind.value),
            ),
        )
    session.execute(
        update(CodeList)
        .where(CodeList.kind == kind.value)
        .values(source=source.value, version=func.uuidv7())
    )
    audit.record(
        session,
        actor,
        Action.CODES_CHOOSE,
        subject=(_SUBJECT, kind.value),
        details={"changed": {"source": [before.value, source.value]}},
    )


class _Comparison:
    """The entries of a file compared with those of the list."""

    def __init__(self, session: Session, file: CodeFile, version: UUID) -> None:
        self._session = session
        self._kind = file.kind
        self._version = version
        kept = rows.read_kept(session, file.kind)
        self._new: list[Entry] = []
        self._changed: list[tuple[KeptEntry, Entry]] = []
        for entry in file.entries:
            before = kept.pop(rows.key_of(entry), None)
            if before is None:
                self._new.append(entry)
            elif before.entry != entry:
                self._changed.append((before, entry))
        self._unchanged = len(file.entries) - len(self._new) - len(self._changed)
        self._gone = [each for each in kept.values() if not each.entry.is_retired]

    def changes(self) -> ListChanges:
        """Return the differences as text."""
        return ListChanges(
            tuple(map(rows.label_of, self._new)),
            tuple(
                _change_sentence(before.entry, after) for before, after in self._changed
            ),
            tuple(rows.label_of(each.entry) for each in self._gone),
            self._unchanged,
            self._version,
        )

    def write(self) -> None:
        """Change the rows to what the file has."""
        rows.add(self._session, self._kind, self._new)
        changed = (KeptEntry(before.id, after) for before, after in self._changed)
        rows.change(self._session, self._kind, changed)
        rows.retire(self._session, self._kind, (each.id for each in self._gone))


def _change_sentence(before: Entry, after: Entry) -> Sentence:
    return Sentence(
        "{entry} ({differences})",
        entry=rows.label_of(after),
        differences=joined(", ", _differences(before, after)),
    )


def _differences(before: Entry, after: Entry) -> Iterator[str]:
    if before.is_retired:
        yield Sentence("offered again")
    for field in fields(after):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name != "is_retired" and old != new:
            name = field.name.replace("_", " ")
            yield Sentence(
                "{field}: {before} becomes {after}",
                field=Sentence(name),
                before=_said(old),
                after=_said(new),
            )


def _said(value: str | Sequence[str]) -> str:
    return (value if isinstance(value, str) else "; ".join(value)) or _UNSAID


def _version_of(session: Session, kind: ListKind) -> UUID:
    return session.scalars(
        select(CodeList.version).where(CodeList.kind == kind.value)
    ).one()


def _lock(session: Session, kind: ListKind, version: UUID | None) -> ListSource:
    """Lock a list against changes until the transaction ends; return its source.

    Raises ListChangedMeanwhile if its version is not the given one, if any.
    """
    source, now = session.execute(
        select(CodeList.source, CodeList.version)
        .where(CodeList.kind == kind.value)
        .with_for_update()
    ).one()
    if version not in {None, now}:
        raise ListChangedMeanwhile
    return ListSource(source)
