"""A hundred thousand invented documents of realistic text, kept between benchmarks.

CHARTROOM_DATA names the data folder, `var/benchmarks` by default; a cluster that runs
there already is used. The documents have a database of their own in it. The first
benchmark fills it, which takes some ten minutes on two cores.

Words are as common as in any language: the n-th most common one occurs in a text about
1/n times as often as the first, so some occur in every document and most in a few.
"""

import random
from bisect import bisect
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from uuid import UUID

import psycopg2
import sqlalchemy as sa
from psycopg2 import sql
from sqlalchemy.orm import Session

from benchmarks import dataset
from db import schema
from db.embedded import Addresses
from db.endpoints import Endpoints
from db.postgres import Database, DatabaseIdentity
from db.postgres.copying import copy_lines
from services.demo import seeding

DOCUMENTS = 100_000
PATIENTS = 5_000
NAME = "benchmark_documents"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
VOCABULARY = 60_000
_SHORTEST, _LONGEST, _TYPICAL = 200, 1_500, 450
_WORDS_OF_A_PAGE = 350
_BATCH = 5_000
_AUTHOR = UUID(int=1)
_TYPES = ("lab_report", "visit_summary", "referral_letter", "imaging", "other")
_SYLLABLES = (
    "a ab al an ar at ba be bi bo ca ce ci co cu da de di do e el en er es fa fe fi "
    "fo ga ge gi go ha he hi ho i il in is it ja ka ke ki la le li lo lu ma me mi mo "
    "mu na ne ni no nu o ol on or os pa pe pi po pu ra re ri ro ru sa se si so su ta "
    "te ti to tra tu u ul um un ur va ve vi vo wa we wi ya za ze"
)
# The most common words, so that queries read like queries.
_COMMON = (
    "the of and to in a is with was for on patient no at by as be or from are that "
    "this not had has blood pressure normal history pain left right treatment daily "
    "chronic examination diabetes hypertension results medication clinic follow "
    "symptoms acute disease heart review chest liver kidney level infection therapy "
    "asthma fracture"
)
_DOCUMENT = (
    "id, patient_id, title, document_type, description, created_by, created_by_name, "
    "created_at, updated_at"
)
_VERSION = (
    "id, document_id, number, file_id, filename, filesize, sha256, pages, origin, "
    "author_id, author_name, created_at"
)
# What the triggers would do for each row, done for all at once.
_INDEX = """
INSERT INTO document_search
SELECT id, patient_id, created_by, created_at, head,
    search_vector(head, array_to_string(pages, ' ')),
    search_pairs(title) || search_pairs(patient) || search_pairs(description) ||
    search_pairs(array_to_string(pages, ' '))
FROM (
    SELECT documents.*, document_texts.pages, first_name || ' ' || last_name AS patient,
        search_head(title, first_name || ' ' || last_name, description) AS head
    FROM documents
    JOIN document_versions AS version ON version.document_id = documents.id
    JOIN document_texts ON version_id = version.id
    LEFT JOIN patients ON patients.id = documents.patient_id
    WHERE NOT EXISTS (
        SELECT FROM document_search WHERE document_id = documents.id
    )
    OFFSET 0
) AS filed
"""
_WORDS = """
INSERT INTO document_words
SELECT DISTINCT word FROM unnest(%s) AS word
WHERE word ~ '^[[:alpha:]]{4,40}$' ON CONFLICT DO NOTHING
"""
_INDEXES = {"words": "document_search_by_word", "pairs": "document_search_by_pair"}
_TABLES = ("documents", "document_versions", "document_texts")


@dataclass(frozen=True, slots=True)
class DocumentSet:
    """The database with the documents, and the addresses of its servers."""

    database: Database
    endpoints: Endpoints
    addresses: Addresses

    def side_by_side(self) -> AbstractContextManager[dataset.SideBySide]:
        """Open the front desk's session, and a raw connection to the same replica."""
        return dataset.side_by_side(
            self.database, self.addresses, NAME, DatabaseIdentity("staff", _AUTHOR)
        )


@contextmanager
def kept() -> Iterator[DocumentSet]:
    """Open the database with the documents."""
    with dataset.cluster() as addresses:
        _make(addresses)
        endpoints = addresses.endpoints_of(NAME)
        schema.bring_up_to_date(endpoints)
        owners = replace(endpoints, database_url=endpoints.owner_url or "")
        with closing(Database(endpoints)) as database:
            seeding.seed(database, patients=PATIENTS, today=dataset.TODAY)
            with closing(Database(owners)) as owning:
                _fill(owning)
            dataset.await_replay(database)
            yield DocumentSet(database, endpoints, addresses)


def vocabulary() -> list[str]:
    """Return the words, the most common one first."""
    chance = random.Random(1)
    words = dict.fromkeys(_COMMON.split())
    syllables = _SYLLABLES.split()
    while len(words) < VOCABULARY:
        words["".join(chance.choices(syllables, k=chance.randint(2, 5)))] = None
    return list(words)


def _make(addresses: Addresses) -> None:
    with closing(psycopg2.connect(addresses.primary_url("postgres", "postgres"))) as c:
        c.autocommit = True
        with c.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [NAME])
            if cursor.fetchone() is None:
                make = sql.SQL("CREATE DATABASE {} OWNER chartroom TEMPLATE template1")
                cursor.execute(make.format(sql.Identifier(NAME)))


def _fill(database: Database) -> None:
    """Bring the clinic up to all its documents, one batch per transaction."""
    there = database.write(_count).value
    if there == DOCUMENTS:
        return
    words = vocabulary()
    database.write(_prepare)
    for first in range(there, DOCUMENTS, _BATCH):
        database.write(partial(_add, words=words, first=first))
        print(f"{first + _BATCH:,} of {DOCUMENTS:,} documents", flush=True)
    database.write(partial(_finish, words=words))


def _prepare(session: Session) -> None:
    for index in _INDEXES.values():
        session.execute(sa.text(f"DROP INDEX IF EXISTS {index}"))
    for table in _TABLES:
        session.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


def _count(session: Session) -> int:
    return int(session.scalar(sa.text("SELECT count(*) FROM documents")) or 0)


def _add(session: Session, words: list[str], first: int) -> None:
    patients = session.scalars(sa.text("SELECT id FROM patients ORDER BY id")).all()
    made = [
        _document(words, patients, number) for number in range(first, first + _BATCH)
    ]
    for table, columns, lines in (
        ("documents", _DOCUMENT, (rows[0] for rows in made)),
        ("document_versions", _VERSION, (rows[1] for rows in made)),
        ("document_texts", "version_id, pages", (rows[2] for rows in made)),
    ):
        copy_lines(session, table, columns.split(", "), lines)
    session.execute(sa.text(_INDEX))


def _finish(session: Session, words: list[str]) -> None:
    cursor = session.connection().connection.cursor()
    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    for column, index in _INDEXES.items():
        cursor.execute(
            f"CREATE INDEX {index} ON document_search USING gin ({column}) "
            "WITH (gin_pending_list_limit = 512)"
        )
    cursor.execute(_WORDS, [words])
    for table in _TABLES:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for table in (*_TABLES, "document_search", "document_words"):
        cursor.execute(f"ANALYZE {table}")


def _document(words: list[str], patients: object, number: int) -> tuple[str, str, str]:
    """Return the lines of a document, its version and its text."""
    chance = random.Random(number)
    timestamp = NOW - timedelta(minutes=20 * (DOCUMENTS - number))
    document_id, version_id = (
        UUID(int=(1 << 100) + number),
        UUID(int=(2 << 100) + number),
    )
    length = int(chance.lognormvariate(0, 0.5) * _TYPICAL)
    text = _text(words, chance, max(_SHORTEST, min(_LONGEST, length)))
    title = " ".join(_text(words, chance, chance.randint(2, 5), rarer=20)).capitalize()
    described = " ".join(_text(words, chance, chance.randint(0, 12), rarer=5))
    pages = [
        " ".join(text[n : n + _WORDS_OF_A_PAGE])
        for n in range(0, len(text), _WORDS_OF_A_PAGE)
    ]
    patient = chance.choice(patients) if number % 20 else r"\N"
    kind = chance.choice(_TYPES)
    written = "{" + ",".join(f'"{page}"' for page in pages) + "}"
    return (
        (
            f"{document_id}\t{patient}\t{title}\t{kind}\t{described}\t{_AUTHOR}\tClerk\t"
            f"{timestamp}\t{timestamp}\n"
        ),
        (
            f"{version_id}\t{document_id}\t1\t{number:024x}\tfile {number}.pdf\t"
            f"{length * 100}\t\\\\x{number:064x}\t{len(pages)}\tupload\t"
            f"{_AUTHOR}\tClerk\t{timestamp}\n"
        ),
        f"{version_id}\t{written}\n",
    )


_WEIGHTS = list(accumulate(1 / (n + 2.7) for n in range(VOCABULARY)))


def _text(
    words: list[str], chance: random.Random, length: int, rarer: int = 0
) -> list[str]:
    """Return words by Zipf's law; `rarer` leaves out that many of the commonest."""
    least, most = (_WEIGHTS[rarer - 1] if rarer else 0), _WEIGHTS[-1]
    return [words[bisect(_WEIGHTS, chance.uniform(least, most))] for _ in range(length)]
