"""Documents that several people change at the same time, with real transactions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.models.document import Document
from services.core.actors import Role
from services.core.errors import InvalidInput
from services.documents import records, tags
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import Held, NoSuchDocument, StaleRevision
from services.documents.records.model import DocumentRecord
from services.patients.records import patients
from tests.kit import cast
from tests.kit.waiting import await_blocked as await_blocked_work, eventually
from tests.services.documents.records.samples import content, file
from tests.services.patients.duplicates.merge_samples import merge, register_pair

REASON = "A court asked for it."
_BLOCKED = text(
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE datname = current_database() AND NOT granted"
)


@pytest.fixture
def filed(committing, clerk):
    with Session(committing) as session, session.begin():
        return file(session, clerk)


def at_once(engine, *actions: Callable[[Session], object]) -> list[object]:
    """Run all actions at the same time; return the results, refusals included."""
    ready = Barrier(len(actions))

    def attempt(action):
        ready.wait(timeout=10)
        try:
            with Session(engine) as session, session.begin():
                return action(session)
        except StaleRevision as refusal:
            return refusal

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(attempt, actions))


def await_blocked(session: Session) -> None:
    """Wait until somebody waits for a lock of this session."""

    def is_awaited() -> bool:
        # Within a transaction PostgreSQL repeats its first answer about activity.
        session.execute(text("SELECT pg_stat_clear_snapshot()"))
        return bool(session.scalar(_BLOCKED))

    eventually(is_awaited)


def test_of_two_versions_at_once_one_wins_and_the_other_is_told(
    committing, clerk, filed
):
    def replace(data):
        given = content(data)
        return lambda s: records.add_version(s, clerk, filed.id, given, revision=1)

    outcomes = at_once(committing, *map(replace, (b"1", b"2", b"3", b"4")))

    (won,) = (outcome for outcome in outcomes if isinstance(outcome, DocumentRecord))
    refused = [outcome for outcome in outcomes if isinstance(outcome, StaleRevision)]
    assert [refusal.current for refusal in refused] == [won] * 3
    with Session(committing) as session:
        kept = records.versions(session, clerk, filed.id)
    assert [version.number for version in kept] == [2, 1]
    assert kept[0] == won.version


def test_of_a_deletion_and_a_new_version_at_once_one_wins(committing, clerk, filed):
    ready = Barrier(2)

    def attempt(action):
        ready.wait(timeout=10)
        try:
            with Session(committing) as session, session.begin():
                return action(session)
        except (StaleRevision, NoSuchDocument) as refusal:
            return refusal

    actions = (
        lambda s: records.delete(s, clerk, filed.id, revision=1),
        lambda s: records.add_version(s, clerk, filed.id, content(), revision=1),
    )
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(attempt, actions))

    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1


def test_a_deletion_that_waits_for_a_hold_is_refused(committing, clerk, filed):
    def delete():
        with Session(committing) as session, session.begin():
            records.delete(session, clerk, filed.id, revision=None)

    with ThreadPoolExecutor(1) as threads, Session(committing) as holding:
        records.hold(holding, clerk, filed.id, reason=REASON)
        deletion = threads.submit(delete)
        await_blocked(holding)
        holding.commit()

        with pytest.raises(Held):
            deletion.result(timeout=10)


def test_the_same_id_chosen_twice_at_once_makes_one_document(committing, clerk):
    chosen, stored = clerk.id, content()

    def again(session):
        return file(session, clerk, id=chosen, holding=stored)

    first, second = at_once(committing, again, again)

    assert first == second


def test_what_waits_for_a_merge_is_not_filed_under_the_merged_record(
    committing, clerk, today
):
    with Session(committing) as session, session.begin():
        pair = register_pair(session, clerk, today)

    def file_under_merged():
        with Session(committing) as session, session.begin():
            return file(session, clerk, of=pair[1])

    with ThreadPoolExecutor(1) as threads, Session(committing) as merging:
        merge(merging, clerk, pair, today)
        filing = threads.submit(file_under_merged)
        await_blocked(merging)
        merging.commit()

        with pytest.raises(patients.PatientArchived, match="merged into another"):
            filing.result(timeout=10)


def test_a_merge_takes_along_what_is_being_filed(committing, clerk, today):
    with Session(committing) as session, session.begin():
        pair = register_pair(session, clerk, today)

    def join():
        with Session(committing) as session, session.begin():
            merge(session, clerk, pair, today)

    with ThreadPoolExecutor(1) as threads, Session(committing) as filing:
        filed = file(filing, clerk, of=pair[1])
        merging = threads.submit(join)
        await_blocked(filing)
        filing.commit()
        merging.result(timeout=10)

    with Session(committing) as session:
        after = records.get(session, clerk, filed.id)
    assert after.patient_id == pair[0].id


@pytest.mark.parametrize("becomes", ["renamed", "deleted"])
def test_a_tag_that_is_renamed_or_deleted_meanwhile_is_on_no_document(
    committing, clerk, filed, becomes
):
    with Session(committing) as session, session.begin():
        boss = cast.add_actor(session, Role.ADMIN)
        tag = tags.add_tag(session, boss, "Claim")

    def give():
        with Session(committing) as session, session.begin():
            wanted = replace(ChangedDocument.of(filed), tags=("Claim",))
            return records.change(session, clerk, filed.id, wanted, revision=1)

    with ThreadPoolExecutor(1) as threads, Session(committing) as managing:
        if becomes == "deleted":
            tags.delete_tag(managing, boss, tag.id)
        else:
            tags.change_tag(
                managing,
                boss,
                tag.id,
                name="Case",
                colour=tag.colour,
                is_shown_to_patients=False,
            )
        giving = threads.submit(give)
        await_blocked_work(managing, giving)
        managing.commit()

        with pytest.raises(InvalidInput, match="no tag “Claim”"):
            giving.result(timeout=60)
    with Session(committing) as session:
        assert session.scalars(select(Document.tags)).all() == [[]]
