"""Translates constraint violations about patients into the service's own problems."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.core.errors import Problem
from services.patients.records import rules
from services.patients.records.model import LISTS

# This index exists if the clinic wants each address to be unique (unique_emails).
EMAIL_ONCE: Final = "patients_email_once"
PROBLEMS: Final = {
    "patients_first_name_given": rules.missing("first_name"),
    "patients_last_name_given": rules.missing("last_name"),
    "patients_date_of_birth_plausible": rules.BIRTH_IMPLAUSIBLE,
    "patients_sex_known": rules.SEX_UNKNOWN,
    "patients_email_valid": rules.EMAIL_INVALID,
    EMAIL_ONCE: rules.EMAIL_TAKEN,
    "patients_phone_number_valid": rules.PHONE_INVALID,
    "patients_no_known_allergies_consistent": rules.ALLERGIES_CONTRADICTED,
    "patients_deceased_on_plausible": rules.BORN_AFTER_DEATH,
    **{f"patients_{name}_length": rules.too_long(name) for name in rules.LONGEST},
    **{f"patients_{name}_length": rules.too_many(name) for name in LISTS},
}
_REQUIRED: Final = ("first_name", "last_name", "date_of_birth")
_NOT_NULL: Final = "23502"


@contextmanager
def translate_violations(session: Session) -> Iterator[None]:
    """Run statements in a savepoint; raise their violations as InvalidPatient.

    The rules are checked before, so this matters only for a record written in another
    way, or by a version of Chartroom with other rules. Other errors pass.
    """
    try:
        with session.begin_nested():
            yield
    except DBAPIError as error:
        problem = find_problem(error)
        if problem is None:
            raise
        raise rules.InvalidPatient(problem) from error


def find_problem(error: DBAPIError) -> Problem | None:
    """Return the problem of the patient's field, or None for any other error."""
    reported = getattr(error.orig, "diag", None)
    if reported is None:
        return None
    if reported.constraint_name == "clinical_terms_length":
        return _problem_of_term(reported.message_detail)
    if reported.sqlstate == _NOT_NULL and reported.table_name == "patients":
        name = reported.column_name
        return rules.missing(name) if name in _REQUIRED else None
    return PROBLEMS.get(reported.constraint_name or "")


def _problem_of_term(detail: str | None) -> Problem | None:
    """Return the problem of the list that a violating row of clinical_terms names."""
    match = re.search(r"\((\w+),", detail or "")
    if match is None or match[1] not in LISTS:
        return None
    return rules.item_too_long(match[1])
