"""Hashes of patients and events, by which counts are disclosed and compared."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    LargeBinary,
    TableClause,
    func,
    literal_column,
    type_coerce,
)

# How many low bits of a hash are the event's; the bits above them are the patient's.
PATIENT_SHIFT: Final = 24


def patient_hashes_of(source: FromClause) -> ColumnElement[bytes]:
    """Return the hashes of the patients of all rows, one after the other."""
    return concatenated(func.int8send(patient_hash(source.c.patient_id)))


def concatenated(hashes: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """Return the bytes of all rows of a group, one after the other."""
    none = literal_column("''::bytea", LargeBinary)
    return func.string_agg(hashes, none, type_=LargeBinary)


def patient_hash(patient_id: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the hash that stands for a patient in the log of disclosed groups."""
    return func.uuid_hash_extended(patient_id, literal_column("0"), type_=BigInteger)


def patient_value_bytes(
    patient_id: ColumnElement[Any], number: ColumnElement[Any]
) -> ColumnElement[bytes]:
    """Return 16 bytes for a patient and a number: the hash, and a float."""
    patient = func.int8send(patient_hash(patient_id))
    return type_coerce(patient.concat(func.float8send(number)), LargeBinary)


def event_hash(view: TableClause, source: FromClause) -> ColumnElement[int]:
    """Return a hash of an event of a view, whose first bits are those of its patient's.

    The same event of a patient twice on one day, for visits in one hour, is one event.
    """
    more = [source.c[name] for name in ("value", "hour") if name in view.c]
    happened = (source.c.occurred_on, source.c.term_key, source.c.code, *more)
    hashed = func.hashtextextended(
        func.concat_ws("|", view.name, *happened), literal_column("0"), type_=BigInteger
    )
    shift = literal_column(str(PATIENT_SHIFT), Integer)
    rest = literal_column(str((1 << PATIENT_SHIFT) - 1), BigInteger)
    patient = patient_hash(source.c.patient_id).op(">>")(shift).op("<<")(shift)
    return patient.op("|")(hashed.op("&")(rest))
