"""The command verify-audit, run as from a terminal or a cron job."""

from contextlib import closing
from functools import partial

import pytest
from pymongo import MongoClient
from sqlalchemy import insert, select

from db.files.seal_keys import SealKeyFile
from db.models.audit import AuditEvent
from db.mongo.audit_store import COLLECTION, AuditStore
from db.postgres import SYSTEM, Database
from services.audit import chain
from tests.kit import cast


@pytest.fixture
def run(run):
    return partial(run, "verify-audit")


@pytest.fixture
def replace_key(run):
    return partial(run.func, "replace-audit-key")


@pytest.fixture
def logs(endpoints, tmp_path):
    """The audit log of the same database, with three sealed entries."""
    keys = SealKeyFile(
        tmp_path / "secrets/audit.key",
        may_be_made=True,
        mark=tmp_path / "audit-key.made",
    ).read_or_make()
    event = insert(AuditEvent.__table__).inline()
    with (
        closing(Database(endpoints)) as database,
        closing(AuditStore(endpoints.audit_url)) as store,
        MongoClient(endpoints.audit_url) as client,
    ):
        rows = [{"action": "patient:read"}] * 3
        database.write(lambda session: session.execute(event, rows), identity=SYSTEM)
        database.write(lambda session: chain.ship(session, store), identity=SYSTEM)
        chain.seal(database, store, keys)
        yield client.get_default_database()[COLLECTION]


def test_a_whole_log_is_a_sentence_and_success(run, logs):
    finished = run()

    assert finished.stdout.startswith(
        "The audit log is whole up to entry 3 (3 checked), sealed up to entry 3 on "
    )
    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_broken_one_is_a_sentence_with_the_entry_and_failure(run, logs):
    logs.update_one({"_id": 2}, {"$set": {"reason": cast.ROSA.name}})

    finished = run()

    assert finished.stderr == (
        "The audit log is broken at entry 2: Entry 2 was changed.\n"
    )
    assert (finished.returncode, finished.stdout) == (1, "")


def test_verifying_is_itself_an_event(run, logs):
    run()

    assert "have yet to be added: 1." in run().stdout


def test_a_mongodb_that_does_not_answer_is_one_sentence(run):
    finished = run(CHARTROOM_AUDIT_MONGO_URL="mongodb://127.0.0.1:1/")

    assert finished.returncode == 1
    assert finished.stderr.startswith(
        "MongoDB does not answer. Check that it is running"
    )
    assert finished.stderr.count("\n") == 1


def test_a_login_that_is_refused_is_one_sentence(run, endpoints):
    address = endpoints.audit_url.rpartition("@")[2]
    finished = run(CHARTROOM_AUDIT_MONGO_URL=f"mongodb://nobody:wrong@{address}")

    assert finished.returncode == 1
    assert finished.stderr.startswith("MongoDB refuses the audit login.")
    assert "wrong@" not in finished.stderr


def test_a_missing_key_file_is_one_sentence(run, tmp_path):
    finished = run(CHARTROOM_AUDIT_KEY_FILE=str(tmp_path / "none.key"))

    assert finished.returncode == 1
    assert finished.stderr == f"There is no key file {tmp_path}/none.key.\n"


def test_a_lost_key_is_replaced_and_both_commands_say_what_is_unproven(
    run, replace_key, logs, endpoints, tmp_path
):
    (tmp_path / "secrets/audit.key").unlink()
    refused = run()
    assert "docs/runbooks/audit-key.md" in refused.stderr

    replaced = replace_key("--reason", "The disk was replaced, no copy was made.")

    assert (replaced.returncode, replaced.stderr) == (0, "")
    for said in (replaced.stdout, run().stdout):
        assert "sealed up to entry 3 on" in said
        assert "The key of the seals up to entry 3" in said
    waiting = select(AuditEvent).where(AuditEvent.action == "audit:replace-key")
    with closing(Database(endpoints)) as database:
        [(reason, details)] = database.read_latest(
            lambda session: [(e.reason, e.details) for e in session.scalars(waiting)],
            identity=SYSTEM,
        ).value
    assert reason == "The disk was replaced, no copy was made."
    assert len(details["lost_keys"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Enter a reason of at least 10 characters"),
        (("--reason", "The disk was replaced."), "is there, so no key was replaced"),
    ],
    ids=["reason", "key"],
)
@pytest.mark.usefixtures("logs")
def test_no_key_is_replaced_without_a_reason_or_while_it_is_there(
    replace_key, words, said, tmp_path
):
    before = (tmp_path / "secrets/audit.key").read_bytes()

    refused = replace_key(*words)

    assert refused.returncode == 1
    assert said in refused.stderr
    assert (tmp_path / "secrets/audit.key").read_bytes() == before
