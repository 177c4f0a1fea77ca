"""/health returns whether the clinic can work, and /metrics how well."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, insert, text, update

from api.application import create_api
from api.cluster.health import Checkup, Health, examine, site_parts
from api.core.dependencies import Stores
from db.backups.copies.copy_notes import CopyNote, write_copy_note
from db.backups.recovery_kit import KitNote, write_note
from db.backups.repository import Repository
from db.backups.strays import FileSweep, note_sweep
from db.cluster.observing import Behind, ClusterSnapshot, NodeSnapshot
from db.cluster.site_position import SitePosition
from db.cluster.statements import StatementReader
from db.files.file_keys import FileKeys
from db.models.audit import AuditEvent, AuditHead
from db.postgres import SYSTEM, Absence, Database
from services.audit import chain
from services.backups import BackupReader, tools
from services.core import audit
from services.core.actors import Role
from services.core.audit import Action
from tests.api.conftest import Client
from tests.kit import backup_logs, backup_sets, tool_reports
from tests.kit.hanging_files import hanging
from tests.kit.replicas import write_everywhere
from tests.kit.signing_in import cookie_of
from tests.kit.statements import count_statements
from tests.kit.waiting import eventually

TOKEN = "prometheus-" + "0123456789abcdef" * 2


def _beat(database, age="0 seconds"):
    write_everywhere(
        database,
        lambda session: session.execute(
            text(
                "INSERT INTO procrastinate_workers (last_heartbeat) "
                "VALUES (clock_timestamp() - CAST(:age AS interval))"
            ),
            {"age": age},
        ),
        identity=None,
    )


@pytest.fixture
def stores(application, module_files, module_log, papers):
    return Stores(
        application.database,
        module_files,
        module_log,
        application.limits,
        papers,
        application.monitor,
        None,
        lambda: datetime(2026, 11, 20, tzinfo=UTC),
    )


class _Nodes:
    """The same database, with other nodes."""

    def __init__(self, database, nodes):
        self._database, self._nodes = database, nodes

    def nodes(self):
        return self._nodes

    def __getattr__(self, name):
        return getattr(self._database, name)


class _DeadFiles:
    def ping(self):
        raise ConnectionError


def _seen_as(stores, **changes):
    nodes = tuple(
        replace(node, **changes.get(node.role, {})) for node in stores.database.nodes()
    )
    return replace(stores, database=_Nodes(stores.database, nodes))


def test_everything_up_is_200_with_each_parts_latency(stranger, stores, application):
    _beat(application.database)

    # A replica lags for a moment now and then.
    health = eventually(lambda: examine(stores), lambda seen: seen.status == "up")

    assert health.response().status_code == 200
    parts = [health.parts["mongo"], health.parts["worker"], health.parts["primary"]]
    assert len(health.parts["replicas"]) == 2
    for part in parts + health.parts["replicas"]:
        assert part["status"] == "up"
        assert part["latency_ms"] >= 0


def test_a_lost_replica_degrades_but_the_clinic_works_on(stores):
    health = examine(_seen_as(stores, replica={"reachable": False}))

    assert (health.status, health.response().status_code) == ("degraded", 200)


def test_without_a_primary_visitors_still_come_and_are_told_it_is_read_only(stores):
    health = examine(_seen_as(stores, primary={"reachable": False}))

    assert (health.status, health.response().status_code) == ("read-only", 200)
    assert health.parts["primary"]["status"] == "down"


def test_nobody_waits_for_a_primary_to_hear_that_there_is_none(stores):
    seen = _seen_as(stores, primary={"reachable": False})
    questions = []
    seen.database.read_latest = lambda *_, **__: questions.append("who leads")

    assert examine(seen).parts["audit"]["status"] == "up"
    assert questions == []


class _Site:
    """Returns the position of a standby site."""

    def __init__(self, position):
        self.position = lambda: position


def test_a_standby_site_says_what_it_is_and_how_far_it_is_behind(stores):
    newest = datetime.now(UTC) - timedelta(seconds=7)
    older = newest - timedelta(seconds=5)
    site = _Site(SitePosition("north", ("a:5432",), newest, older))
    seen = replace(_seen_as(stores, primary={"reachable": False}), site=site)

    health = examine(seen)

    assert health.response().status_code == 200
    body = json.loads(health.brief().body)
    assert (body["role"], body["status"]) == ("standby", "read-only")
    assert body["lag_seconds"] == pytest.approx(12, abs=2)
    assert "role" not in json.loads(examine(stores).brief().body)


def test_of_a_site_of_which_nobody_knows_the_time_none_is_said(stores):
    site = _Site(SitePosition("north", (), datetime.now(UTC), None))

    body = json.loads(examine(replace(stores, site=site)).brief().body)

    assert (body["role"], body["lag_seconds"]) == ("standby", None)


def test_programs_hear_of_the_sites_that_follow():
    def site(name, **facts):
        return NodeSnapshot(f"site {name}", site=name, **facts)

    near = site("north", is_streaming=True, replay=Behind(0.5, 10))
    seen = ClusterSnapshot(datetime.now(UTC), (near, site("south")))

    north, south = site_parts(seen)

    assert (north["name"], north["status"], north["lag_seconds"]) == (
        "north",
        "up",
        0.5,
    )
    assert (south["status"], south["lag_seconds"]) == ("down", None)


def test_without_any_server_of_postgresql_the_answer_is_503(stores):
    gone = {"reachable": False}
    health = examine(_seen_as(stores, primary=gone, replica=gone))

    assert (health.status, health.response().status_code) == ("down", 503)


def test_health_says_since_when_nobody_leads(stores):
    since = datetime(2026, 11, 20, 19, 3, tzinfo=UTC)
    seen = _seen_as(stores, primary={"reachable": False})
    seen.database.absence = lambda: Absence(since, 60, is_lasting=True)

    assert examine(seen).parts["primary"]["missing_since"] == since.isoformat()


def test_without_mongodb_the_answer_is_503(stores):
    health = examine(replace(stores, files=_DeadFiles()))

    assert (health.status, health.response().status_code) == ("down", 503)


@dataclass(frozen=True)
class _Disks:
    """Which disks are full; the real disks are tested in tests/db/cluster."""

    names: tuple[str, ...]

    @property
    def is_full(self):
        return self.names == ("the data folder",)

    def full(self):
        return self.names

    def usage(self):
        return 4096, 1_000_000


@pytest.mark.parametrize(
    ("full", "status", "part"),
    [
        ((), "up", "up"),
        (("db-02",), "degraded", "down"),
        (("the data folder",), "down", "down"),
    ],
)
def test_health_says_whether_a_disk_is_full(stores, application, full, status, part):
    _beat(application.database)

    full_stores = replace(stores, disks=_Disks(full))
    # A replica lags for a moment now and then.
    health = eventually(
        lambda: examine(full_stores), lambda seen: seen.status == status
    )

    assert (health.status, health.parts["disk"]["status"]) == (status, part)
    assert health.parts["disk"].get("full", ()) == full


def test_a_silent_worker_degrades(endpoints, stores):
    database = Database(endpoints)
    stores = replace(stores, database=database)

    never = examine(stores)
    _beat(database, "31 seconds")
    stale = examine(stores)
    database.close()

    assert never.parts["worker"]["last_seen_seconds"] is None
    assert stale.parts["worker"]["last_seen_seconds"] > 30
    assert never.status == stale.status == "degraded"


def _wait_for_the_log(database, *ages):
    """Replace the waiting events by events of these ages in seconds."""

    def replace(session):
        session.execute(delete(AuditEvent))
        for age in ages:
            at = datetime.now(UTC) - timedelta(seconds=age)
            event = insert(AuditEvent.__table__).inline()
            session.execute(event.values(action="patient:read", at=at))

    write_everywhere(database, replace)


def test_an_audit_log_that_stands_still_degrades(stores, application):
    _wait_for_the_log(application.database, 61, 1)

    health = examine(stores)

    assert health.parts["audit"]["status"] == "down"
    assert health.parts["audit"]["waiting_seconds"] > 60
    assert (health.status, health.response().status_code) == ("degraded", 200)
    _wait_for_the_log(application.database)
    assert examine(stores).parts["audit"]["status"] == "up"


def test_a_head_that_was_set_back_degrades_and_says_so_before_anybody_waits(
    stores, application
):
    _wait_for_the_log(application.database)
    head = application.database.read_latest(chain.read_head, identity=SYSTEM).value

    def move(sequence, digest):
        values = {"sequence": sequence, "hash": digest}
        write_everywhere(
            application.database,
            lambda session: session.execute(update(AuditHead).values(**values)),
        )

    move(head.sequence + 5, b"0" * 32)
    health = examine(stores)
    move(head.sequence, head.hash)

    assert (health.status, health.parts["audit"]["status"]) == ("degraded", "down")
    assert health.parts["audit"]["failure"] == f"Entry {head.sequence + 5} is missing."
    assert examine(stores).parts["audit"]["status"] == "up"


def test_however_many_ask_the_parts_are_asked_once_a_second(stores):
    now = [100.0]
    checkup = Checkup(stores, clock=lambda: now[0])

    first, second = checkup.health(), checkup.health()
    now[0] += 1.1
    third = checkup.health()

    assert first is second
    assert third is not first


@pytest.mark.parametrize(
    ("status", "public_status", "code"),
    [
        ("up", "up", 200),
        ("degraded", "up", 200),
        ("read-only", "read-only", 200),
        ("down", "down", 503),
    ],
)
def test_strangers_are_told_whether_the_clinic_works_and_no_more(
    status, public_status, code
):
    timestamp = datetime(2026, 11, 20, 12, tzinfo=UTC)
    parts = {"primary": {"name": "db-01"}}
    answer = Health(status, "up", timestamp, parts).brief()

    assert answer.status_code == code
    assert json.loads(answer.body) == {
        "status": public_status,
        "database": "up",
        "timestamp": "2026-11-20T12:00:00+00:00",
    }


@pytest.mark.parametrize("path", ["/health", "/api/v1/health"])
def test_anybody_may_ask_whether_the_clinic_works(stranger, path):
    answer = stranger.get(path)

    assert answer.status_code == 200
    assert answer.json().keys() == {"status", "database", "timestamp"}
    assert answer.json()["status"] == "up"


def test_a_monitor_that_asks_for_no_body_gets_the_same_status(stranger, monkeypatch):
    answer = stranger.ask("HEAD", "/health")
    monkeypatch.setattr(
        Checkup,
        "health",
        lambda _: Health("down", "down", datetime.now(UTC), {}),
    )
    down = stranger.ask("HEAD", "/health")

    assert (answer.status_code, answer.content) == (200, b"")
    assert (down.status_code, down.content) == (503, b"")


def test_programs_are_told_how_each_part_is(client):
    health = client.get("/api/v1/health").json()

    assert health["primary"]["name"]
    assert len(health["replicas"]) == 2


def _seen(silent_seconds):
    at = datetime(2026, 11, 20, tzinfo=UTC)
    seen_at = None if silent_seconds is None else at - timedelta(seconds=silent_seconds)
    return ClusterSnapshot(at, (), etcd_seen_at=seen_at)


@pytest.mark.parametrize(
    ("silent_seconds", "statuses"),
    [(None, (None, "up")), (2.0, ("up", "up")), (21.0, ("down", "degraded"))],
    ids=["without Patroni", "answers", "silent"],
)
def test_programs_are_told_whether_etcd_answers(
    application, client, monkeypatch, silent_seconds, statuses
):
    part, status = statuses
    _beat(application.database)
    monkeypatch.setattr(application.monitor, "latest", lambda: _seen(silent_seconds))

    answer = client.get("/api/v1/health")

    etcd = answer.json()["etcd"]
    assert (etcd and etcd["status"]) == part
    assert etcd is None or etcd["last_seen_seconds"] == silent_seconds
    assert answer.status_code == 200
    eventually(lambda: client.get("/api/v1/health").json()["status"] == status)


def test_metrics_tell_whether_mongodb_and_etcd_answer(
    stranger, application, monkeypatch
):
    monkeypatch.setattr(application.monitor, "latest", lambda: _seen(21.0))

    metrics_text = stranger.get("/metrics").text

    assert "chartroom_files_up 1.0" in metrics_text
    assert "chartroom_files_ping_seconds " in metrics_text
    assert "chartroom_cluster_etcd 0.0" in metrics_text


@pytest.fixture
def guarded(application, module_files, module_log, papers, module_endpoints, tmp_path):  # noqa: PLR0917
    """The API with a token for Prometheus, which may query the times of statements."""
    given = (application.database, module_files, module_log, application.limits)
    stores = Stores(
        *(*given, papers),
        monitor=application.monitor,
        runner=None,
        now=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC),
        statements=StatementReader(lambda: module_endpoints),
        backups=BackupReader(
            Repository(tmp_path / "backups"), tmp_path, module_files.keys
        ),
        copy_place="s3://clinic/chartroom",
    )
    api = create_api(stores, metrics_token=TOKEN)
    client = Client(api)
    yield client
    client.close()


def test_prometheus_reads_metrics_with_its_token(guarded):
    answer = guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200
    assert "chartroom_lsn_waits_total" in answer.text


def test_metrics_tell_what_statements_took(guarded, addresses, module_endpoints):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    before = guarded.get("/metrics", headers=headers).text

    count_statements(addresses, module_endpoints)
    metrics_text = guarded.get("/metrics", headers=headers).text

    for node in module_endpoints.replica_urls:
        label = f'{{node="{node}"}}'
        assert f"chartroom_node_statements_total{label}" not in before
        assert f"chartroom_node_statements_total{label}" in metrics_text
        assert f"chartroom_node_statement_seconds_total{label}" in metrics_text


def test_metrics_answer_although_the_backups_do_not(guarded, tmp_path):
    repository = Repository(tmp_path / "backups")
    backup_sets.add_set(repository, as_of=datetime.now(UTC) - timedelta(hours=1))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    before = guarded.get("/metrics", headers=headers).text
    assert "chartroom_backup_folder_silent_seconds 0.0" in before

    # Whoever waited for the file would wait until the end of the block.
    with hanging(repository.folder / "failure.json"):
        first, second = (guarded.get("/metrics", headers=headers) for _ in range(2))

    assert first.status_code == second.status_code == 200
    lines = second.text.splitlines()
    values = dict(line.split() for line in lines if line.startswith("chartroom_back"))
    assert float(values["chartroom_backup_folder_silent_seconds"]) > 1
    # What was last seen keeps ageing.
    assert values["chartroom_backup_sets"] == "1.0"
    assert float(values["chartroom_backup_age_seconds"]) >= 3601


def backup_metrics_of(client):
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    lines = answer.text.splitlines()
    return dict(line.split() for line in lines if line.startswith("chartroom_back"))


def test_metrics_tell_how_old_backups_and_their_proof_are(guarded, tmp_path):
    read_metrics = partial(backup_metrics_of, guarded)

    assert read_metrics() == {
        "chartroom_backup_folder_silent_seconds": "0.0",
        "chartroom_backup_sets": "0.0",
        "chartroom_backup_unreadable_sets": "0.0",
        "chartroom_backup_orphan_sets": "0.0",
        "chartroom_backup_incomplete_sets": "0.0",
        "chartroom_backup_gone_sets": "0.0",
        "chartroom_backup_keyless_sets": "0.0",
        "chartroom_backup_lost_times": "0.0",
        "chartroom_backup_stray_objects": "0.0",
        "chartroom_backup_failed_tries": "0.0",
    }
    repository = Repository(tmp_path / "backups")
    repository.claim(backup_sets.SYSTEM_ID)
    repository.note_failure("The disk is full.")
    repository.note_failure("The disk is full.")
    assert read_metrics()["chartroom_backup_failed_tries"] == "2.0"
    backup_sets.add_set(repository, as_of=datetime.now(UTC) - timedelta(hours=1))
    now = datetime.now(UTC)
    proved_at = now - timedelta(hours=1)
    repository.add_proof(replace(backup_sets.PROOF, proved_at=proved_at))

    known = read_metrics()

    assert known["chartroom_backup_sets"] == "1.0"
    assert known["chartroom_backup_incomplete_sets"] == "0.0"
    assert "chartroom_backup_missing_files" not in known
    assert known["chartroom_backup_bytes"] == "1.2e+07"
    assert known["chartroom_backup_proof_seconds"] == "3.1"
    assert 3600 <= float(known["chartroom_backup_age_seconds"]) < 3700
    assert known["chartroom_backup_chain_sets"] == "1.0"
    assert "chartroom_backup_proof_age_seconds" in known
    assert "chartroom_backup_drill_rto_seconds" not in known
    (repository.set_folder(backup_sets.MANIFEST.set_id) / "base").unlink()
    note_sweep(repository.folder, FileSweep(backup_sets.AS_OF, 2))
    damaged = read_metrics()
    assert damaged["chartroom_backup_incomplete_sets"] == "1.0"
    assert damaged["chartroom_backup_missing_files"] == "2.0"
    repository.add_proof(replace(backup_sets.DRILLED, proved_at=now))
    assert read_metrics()["chartroom_backup_drill_rto_seconds"] == "2.5"
    assert read_metrics()["chartroom_backup_drill_rpo_seconds"] == "0.4"

    kit = KitNote(datetime.now(UTC) - timedelta(days=1), {})
    write_note(repository.folder, kit)
    assert 86_400 <= float(read_metrics()["chartroom_backup_kit_age_seconds"]) < 86_500
    assert 86_400 <= float(read_metrics()["chartroom_backup_kit_held_seconds"]) < 86_500
    proven = kit.made_at + timedelta(hours=23)
    write_note(repository.folder, replace(kit, proven_at=proven))
    assert 86_400 <= float(read_metrics()["chartroom_backup_kit_age_seconds"]) < 86_500
    assert 3600 <= float(read_metrics()["chartroom_backup_kit_held_seconds"]) < 3700
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    archive = backup_logs.archive_of(repository, keys)
    backup_logs.note(archive, datetime.now(UTC) - timedelta(seconds=5))
    assert 5 <= float(read_metrics()["chartroom_backup_log_behind_seconds"]) < 100
    assert read_metrics()["chartroom_backup_log_cut_off"] == "0.0"
    # Then nothing restores later than the newest backup.
    backup_logs.note(archive, datetime.now(UTC), is_cut_off=True)
    assert 3600 <= float(read_metrics()["chartroom_backup_log_behind_seconds"]) < 3700
    assert read_metrics()["chartroom_backup_log_cut_off"] == "1.0"


def test_metrics_tell_what_a_backup_tool_of_the_clinics_own_told(
    application, module_files, module_log, papers
):
    stores = Stores(
        *(application.database, module_files, module_log, application.limits, papers),
        monitor=application.monitor,
        runner=None,
        now=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC),
        backup_tool=tool_reports.NAME,
    )
    api = create_api(stores, metrics_token=TOKEN)
    client = Client(api)

    read_metrics = partial(backup_metrics_of, client)

    assert read_metrics() == {}
    report = tool_reports.report_at(datetime.now(UTC) - timedelta(hours=1))
    write_everywhere(
        application.database,
        lambda session: tools.note_answer(
            session,
            *(tool_reports.NAME, report),
            own_system_id=tool_reports.SYSTEM_ID,
        ),
    )

    assert 3600 <= float(read_metrics()["chartroom_backup_age_seconds"]) < 3700
    assert read_metrics()["chartroom_backup_tool_faults"] == "0.0"
    client.close()


def test_metrics_tell_of_the_copy_that_is_kept_and_of_none_that_was(guarded, tmp_path):
    repository = Repository(tmp_path / "backups")
    repository.claim(backup_sets.SYSTEM_ID)

    def tells_of_copy():
        answer = guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        return "chartroom_backup_copy_failed" in answer.text

    now = datetime.now(UTC)
    write_copy_note(repository.folder, CopyNote("s3://clinic/chartroom", now))
    assert tells_of_copy()
    write_copy_note(repository.folder, CopyNote("s3://clinic/of-before", now))
    assert not tells_of_copy()


def test_backups_that_cannot_be_read_take_no_other_metric_with_them(guarded, tmp_path):
    repository = Repository(tmp_path / "backups")
    repository.claim(backup_sets.SYSTEM_ID)
    (repository.folder / "log").touch()

    answer = guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200
    assert "chartroom_backup_" not in answer.text
    assert "chartroom_files_up 1.0" in answer.text


def test_metrics_tell_what_the_newest_backup_is_restored_from(guarded, tmp_path):
    read_metrics = partial(backup_metrics_of, guarded)

    repository, now = Repository(tmp_path / "backups"), datetime.now(UTC)
    full = backup_sets.add_set(repository, as_of=now - timedelta(hours=9))
    backup_sets.add_set(
        repository,
        set_id="20261125T030000Z-0001",
        as_of=now - timedelta(hours=1),
        based_on=backup_sets.based_on(full),
    )

    known = read_metrics()

    assert known["chartroom_backup_chain_sets"] == "2.0"
    assert 32_400 <= float(known["chartroom_backup_full_age_seconds"]) < 32_500
    assert 3600 <= float(known["chartroom_backup_age_seconds"]) < 3700
    repository.remove(full.set_id)
    assert read_metrics()["chartroom_backup_orphan_sets"] == "1.0"


@pytest.mark.parametrize(
    "sent", ["", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer", "Bearer ä"]
)
def test_nobody_else_reads_metrics_even_on_this_machine(guarded, sent):
    headers = {"Authorization": sent.encode()} if sent else {}

    answer = guarded.get("/metrics", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Chartroom"'
    assert "CHARTROOM_METRICS_TOKEN" in answer.json()["detail"]


def test_without_a_token_metrics_are_read_on_this_machine(stranger):
    assert "chartroom_lsn_waits_total" in stranger.get("/metrics").text


def test_metrics_tell_how_much_room_the_data_folder_has(stranger):
    samples = dict(
        line.split()
        for line in stranger.get("/metrics").text.splitlines()
        if line.startswith("chartroom_data_disk_")
    )

    free = float(samples["chartroom_data_disk_free_bytes"])
    assert 0 < free < float(samples["chartroom_data_disk_bytes"])


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_without_a_token_nobody_reads_metrics_through_a_proxy(stranger, header):
    answer = stranger.get("/metrics", headers={header: "127.0.0.1"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 200),
        ("::1", 200),
        ("10.0.0.7", 401),
        ("2001:db8::1", 401),
        ("", 401),
    ],
)
def test_without_a_token_metrics_are_for_this_machine(application, address, status):
    client = Client(application.app, address=address)

    answered = client.get("/metrics").status_code
    client.close()

    assert answered == status


def test_metrics_tell_how_much_waits_for_the_audit_log(stranger, application, clerk):
    def metrics():
        return stranger.get("/metrics").text

    before = metrics()
    application.spool.keep([audit.event_of(clerk, Action.PATIENT_LIST)])
    while_it_waits = metrics()
    application.spool.drain(application.database)

    assert "chartroom_audit_spool_records 0.0" in before
    assert "chartroom_audit_spool_records 1.0" in while_it_waits
    assert "chartroom_audit_spool_records 0.0" in metrics()


def test_an_admin_sees_every_node(as_role):
    nodes = as_role(Role.ADMIN).get("/api/v1/replication/status").json()["nodes"]

    assert sorted(node["role"] for node in nodes) == ["primary", "replica", "replica"]
    for node in nodes:
        assert node["reachable"] is True
        assert node["replay_lsn"]
        assert node["timeline"] >= 1


def test_metrics_tell_how_many_people_are_here(client, application):
    def count_sign_ins():
        name = "chartroom_sign_ins_active "
        lines = client.get("/metrics").text.splitlines()
        (line,) = (line for line in lines if line.startswith(name))
        return float(line.split()[1])

    before = count_sign_ins()

    cookie_of(application.database, application.people[Role.STAFF].id)

    # Replicas see it a moment later.
    eventually(count_sign_ins, lambda now: now == before + 1)
