"""One row of every table for everybody, for the rules to show and hide.

Each row has a tag that says whose it is. Ann is the patient who signs in and whom the
clinician treats; nobody treats Bob.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class

from db.postgres.identity import DatabaseIdentity
from services.patients.search.fields import PSEUDONYMISED_FIELDS
from tests.db.rules.document_rows import document_rows
from tests.db.rules.visit_rows import visit_rows

NOW = datetime.now(UTC)
PEOPLE = ("patient", "staff", "clinician", "analyst", "admin")
ROLES = (*PEOPLE, "door", "system")
ANN, BOB = uuid4(), uuid4()
APP = uuid4()
USERS = {name: uuid4() for name in (*PEOPLE, "colleague")}

Key = tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A row, whose it is, and its values by column."""

    table: str
    tag: str
    values: dict[str, Any]


def identity_of(role: str) -> DatabaseIdentity:
    """Return the identity under which this role's person acts."""
    patient_id = ANN if role == "patient" else None
    return DatabaseIdentity(role, USERS.get(role), patient_id)  # type: ignore[arg-type]


def rows() -> Iterator[Row]:
    """Yield the rows in an order in which each finds those that it references."""
    yield from _patients()
    for name, user_id in USERS.items():
        yield Row("users", name, _user(name, user_id))
    led_back = {"redirect_uris": ["https://x"], "resource_types": ["Patient"]}
    yield Row("patient_apps", "app", {"id": APP, "name": "Diary"} | led_back)
    for name, user_id in USERS.items():
        yield from _belongings(name, user_id)
    ids: dict[tuple[str, str], UUID] = {}
    for rows_of in (document_rows, visit_rows):
        for table, tag, values in rows_of({"ann": ANN, "bob": BOB}, USERS):
            ids[table, tag] = values.get("id", ANN)
            yield Row(table, tag, values)
    yield from _scans(ids)
    for tag, clinician, patient in (
        ("clinician", "clinician", ANN),
        ("team", "colleague", ANN),
        ("colleague", "colleague", BOB),
    ):
        who = {"clinician_id": USERS[clinician], "patient_id": patient}
        yield Row("care_relationships", tag, who)
    yield Row("stored_criteria", "named", _criteria("named", "last_name"))
    yield Row("stored_criteria", "newer", _criteria("newer", "field_of_tomorrow"))
    mine = {"subject": "documents", "created_by": USERS["patient"]}
    yield Row("stored_criteria", "mine", _criteria("mine", "title") | mine)
    of_colleague = {"owner_id": USERS["colleague"]}
    to_all = {"name": "shared", "is_shared": True}
    to_one = {"name": "given", "shared_with": [USERS["analyst"]]}
    yield Row("dashboards", "shared", of_colleague | to_all)
    yield Row("dashboards", "given", of_colleague | to_one)
    question = of_colleague | {"subject": "cohorts", "criteria_key": "named"}
    yield Row("saved_views", "shared", question | to_all)
    yield Row("saved_views", "given", question | to_one)
    sent = _subscription(USERS["colleague"]) | {"recipients": [USERS["analyst"]]}
    yield Row("dashboard_subscriptions", "given", sent)
    yield Row("clinical_terms", "term", {"kind": "allergies", "term": "Nuts"})
    yield Row("audit_seals", "seal", _seal())
    yield Row("write_receipts", "receipt", {"key": uuid4()})
    yield Row("procrastinate_workers", "worker", {"last_heartbeat": NOW})


def _scans(ids: Mapping[tuple[str, str], UUID]) -> Iterator[Row]:
    """Yield signed papers, by tag: whose prescription, and who added it.

    The paper of `mixed` belongs to another patient than the prescription.
    """
    for tag, document, prescription, by in (
        ("ann", "treated", "ann", "clinician"),
        ("desk", "bob", "bob", "staff"),
        ("mixed", "ann", "bob", "staff"),
    ):
        yield Row(
            "prescription_scans",
            tag,
            {
                "document_id": ids["documents", document],
                "prescription_id": ids["prescriptions", prescription],
                "added_by": USERS[by],
            },
        )


def _patients() -> Iterator[Row]:
    person = {"last_name": "Example", "date_of_birth": date(1990, 2, 3)}
    names = {"ann": ANN, "bob": BOB}
    for name, patient_id in names.items():
        values = person | {"id": patient_id, "first_name": name.title()}
        yield Row("patients", name, values)
    for name, patient_id in names.items():
        other = BOB if patient_id == ANN else ANN
        merge = {"kept_id": patient_id, "merged_id": other, "before": "{}"}
        entry = {"kind": "condition", "term": "Asthma", "started_on": date(2001, 4, 2)}
        of = {"patient_id": patient_id, "source": "synthea", "source_key": uuid4()}
        yield Row("clinical_entries", name, entry | of)
        # Merged by the one who tries, so that only the record decides.
        yield Row("patient_merges", name, merge | {"merged_by": USERS["clinician"]})


def _user(name: str, user_id: UUID) -> dict[str, Any]:
    is_patient = name == "patient"
    return {
        "id": user_id,
        "name": name.title(),
        "role": "clinician" if name == "colleague" else name,
        "patient_id": ANN if is_patient else None,
        "email": f"{name}@example.org",
    }


def _belongings(name: str, user_id: UUID) -> Iterator[Row]:
    """Yield everything that belongs to one person."""
    soon = NOW + timedelta(hours=1)
    mine = {"user_id": user_id, "expires_at": soon}
    secret, view_id = uuid4().bytes, uuid4()
    reason = "A reason that is long enough."
    belongings: dict[str, dict[str, Any]] = {
        "sessions": mine | {"token_hash": secret, "method": "code"},
        "login_codes": mine
        | {"browser_hash": secret, "salt": secret, "code_hash": secret},
        "ceremonies": mine
        | {"purpose": "sign-in", "browser_hash": secret, "secret": secret},
        "passkeys": {
            "user_id": user_id,
            "credential_id": secret,
            "public_key": secret,
            "sign_count": 0,
            "name": "Key",
        },
        "user_identities": {"issuer": "x", "subject": name, "user_id": user_id},
        "invitations": mine | {"token_hash": secret},
        "api_tokens": mine
        | {"token_hash": secret, "expires_at": _token_ends(name)}
        | {"scopes": ["system/Patient.rs"]}
        | ({"app_id": APP} if name == "patient" else {}),
        "export_grants": mine | {"reason": reason},
        "stored_criteria": _criteria(name, *PSEUDONYMISED_FIELDS)
        | {"created_by": user_id},
        "saved_views": {
            "id": view_id,
            "owner_id": user_id,
            "subject": "patients",
            "name": name,
            "criteria_key": name,
        },
        "list_columns": {
            "owner_id": user_id,
            "subject": "patients",
            "columns": ["name"],
        },
        "dashboards": {"owner_id": user_id, "name": name},
        "break_glass_accesses": {
            "clinician_id": user_id,
            "patient_id": BOB,
            "reason": reason,
            "expires_at": NOW - timedelta(minutes=1),
        },
        "audit_events": {"action": "patient:read", "actor_id": user_id},
        "user_notifications": {"user_id": user_id, "topic": "alert"},
    }
    for table, values in belongings.items():
        yield Row(table, name, values)
    consent = {"app_id": APP, "user_id": user_id, "code_hash": secret}
    consent |= {"redirect_uri": "https://x", "scopes": [], "code_challenge": "x"}
    consent |= {"expires_at": NOW + timedelta(seconds=30)}
    yield Row("authorization_codes", name, consent)
    if name in {"staff", "clinician", "analyst", "colleague"}:
        system = {"id": user_id, "jwks_url": "https://x", "resource_types": ["Patient"]}
        yield Row("connected_systems", name, system)
        view = {"group_id": view_id, "subject": "patients", "criteria_key": name}
        granted = {"name": name, "saved_by": user_id, "granted_by": USERS["admin"]}
        yield Row("system_groups", name, {"system_id": user_id} | view | granted)
    if name == "colleague":
        said = {"system_id": user_id, "jti_hash": secret, "expires_at": soon}
        yield Row("client_assertions", name, said)
    yield Row("dashboard_subscriptions", name, _subscription(user_id))
    alert_id = uuid4()
    watched = {"id": alert_id, "owner_id": user_id, "name": name, "line": 5}
    watched |= {"criteria_key": name, "is_above": True, "next_at": NOW}
    yield Row("count_alerts", name, watched)
    mail = {"user_id": user_id, "subject": "A count", "body": "It has crossed."}
    yield Row("analyst_mails", name, mail | {"alert_id": alert_id})
    export_id = uuid4()
    yield Row("bulk_exports", name, _export(user_id, name) | {"id": export_id})
    file = {"export_id": export_id, "number": 1, "kind": "Patient", "count": 1}
    yield Row("bulk_export_files", name, file | {"size": 1, "file_id": "x"})


def _subscription(user_id: UUID) -> dict[str, Any]:
    return {
        "owner_id": user_id,
        "ready": "visits",
        "recipients": [user_id],
        "rhythm": "weekly",
        "day": 0,
        "hour": 7,
        "next_at": NOW,
    }


def _token_ends(name: str) -> datetime:
    """Return when a person's token ends: soon, if it is a connected system's."""
    return NOW + timedelta(minutes=5 if name == "colleague" else 60)


def _export(user_id: UUID, name: str) -> dict[str, Any]:
    return {
        "owner_id": user_id,
        "owner_name": name,
        "owner_role": "staff",
        "request": "/fhir/$export",
        "types": ["Patient"],
        "reason": "A reason that is long enough.",
        # A role that may end it cannot write a time later than now.
        "expires_at": NOW - timedelta(minutes=1),
    }


def _criteria(key: str, *fields: str) -> dict[str, Any]:
    where = [{"field": field} for field in fields]
    return {
        "key": key,
        "digest": key.encode(),
        "subject": "patients",
        "criteria": json.dumps({"where": where, "search": ""}),
        "created_by": uuid4(),
    }


def _seal() -> dict[str, Any]:
    return {"sequence": 1, "hash": b"x", "key_id": "k", "signature": b"s"}


class Catalogue:
    """What the database itself reports about its tables."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    def tables(self) -> set[str]:
        """Return all tables."""
        return self._relations("r", "p")

    def views(self) -> set[str]:
        """Return all views and foreign tables."""
        return self._relations("v", "m", "f")

    def _relations(self, *kinds: str) -> set[str]:
        rows = self._ask(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = ANY (%s::char[]) "
            "AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'",
            list(kinds),
        )
        return {name for (name,) in rows}

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the table's columns."""
        rows = self._ask(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass "
            "AND attnum > 0 AND NOT attisdropped",
            table,
        )
        return tuple(name for (name,) in rows)

    def settable(self, table: str) -> tuple[str, ...]:
        """Return the columns that a statement may set."""
        rows = self._ask(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass "
            "AND attnum > 0 AND NOT attisdropped AND attgenerated = '' "
            "AND attidentity <> 'a'",
            table,
        )
        return tuple(name for (name,) in rows)

    def key(self, table: str) -> Key:
        """Return the columns of its primary key."""
        rows = self._ask(
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid "
            "AND attnum = ANY (indkey) WHERE indrelid = %s::regclass AND indisprimary",
            table,
        )
        return tuple(name for (name,) in rows)

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()


def fill(connection: DriverConnection) -> dict[str, dict[tuple[Any, ...], str]]:
    """Insert the rows; return the tags of every table's rows by primary key.

    Rows that the migrations made have the tag "there". The caller commits.
    """
    catalogue = Catalogue(connection)
    tags: dict[str, dict[tuple[Any, ...], str]] = {}
    with connection.cursor() as cursor:
        for row in rows():
            insert = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}").format(
                sql.Identifier(row.table),
                _names(row.values),
                sql.SQL(", ").join(map(sql.Literal, map(_plain, row.values.values()))),
                _names(catalogue.key(row.table)),
            )
            cursor.execute(insert)
            tags.setdefault(row.table, {})[cursor.fetchone() or ()] = row.tag
        # The row that a trigger has added for each document that is not deleted.
        tags["document_search"] = {
            key: tag for key, tag in tags["documents"].items() if tag != "gone"
        }
        for table in catalogue.tables() - tags.keys():
            names = _names(catalogue.key(table))
            cursor.execute(
                sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(table))
            )
            tags[table] = dict.fromkeys(cursor.fetchall(), "there")
    return tags


def _names(columns: Any) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return psycopg2.Binary(value) if isinstance(value, bytes) else value
