"""Entries of the audit log in words: for administrators, and for patients.

An administrator learns who did what to whom, but nothing that a record says: of a
change the names of the fields, of a search the fields that were searched. The values
remain in the log, for those whom the law allows to read them there.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from services.audit.log.detail_words import CODES
from services.audit.log.sentences import phrase_of
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.weekdays import WEEKDAYS
from services.lists import criteria

# What is done with these says something about a patient, even a search.
_CLINICAL: Final = frozenset(
    {"patient", "photo", "document", "share", "view", "care", "glass", "prescription"}
    | {"visit", "newcomer", "letter", "record", "past"}
)

_TO_PATIENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Action.PATIENT_REGISTER: "registered you",
        Action.PATIENT_READ: "viewed your record",
        Action.PATIENT_PRINT: "printed a summary of your record",
        Action.PATIENT_PRINT_LABELS: "printed labels with your record number",
        Action.PATIENT_LIST: "saw you in a list",
        Action.PATIENT_CHANGE: "changed your record",
        Action.PATIENT_CHANGE_OWN: "changed your contact data",
        Action.CODE_REQUEST: "asked for a code to prove a new e-mail address",
        Action.PATIENT_ARCHIVE: "archived your record",
        Action.PATIENT_RESTORE: "restored your record",
        Action.PATIENT_ERASE: "erased your record",
        Action.PATIENT_POSTPONE_ERASURE: "postponed the erasure of your record",
        Action.POINT_IN_TIME_READ: "viewed your record as it was at an earlier time",
        Action.POINT_IN_TIME_COPY_DOCUMENT: "brought a document back to what it was",
        Action.POINT_IN_TIME_COPY_VISIT: "brought a visit back to what it was",
        Action.POINT_IN_TIME_COPY: "brought your record back to what it was",
        Action.PATIENT_MERGE: "merged two records of yours",
        Action.PATIENT_FIND_DUPLICATES: "looked for records like yours",
        Action.PHOTO_READ: "viewed your photo",
        Action.PHOTO_CHANGE: "changed your photo",
        Action.PHOTO_REMOVE: "removed your photo",
        Action.PHOTO_DAMAGED: "found your photo damaged in the store",
        Action.DOCUMENT_FILE: "filed a document of yours",
        Action.DOCUMENT_ADD_VERSION: "replaced a document of yours",
        Action.DOCUMENT_LIST: "listed your documents",
        Action.DOCUMENT_READ: "opened a document of yours",
        Action.DOCUMENT_VIEW: "viewed pages of a document of yours",
        Action.DOCUMENT_PRINT: "printed pages of a document of yours",
        Action.DOCUMENT_DOWNLOAD: "downloaded a document of yours",
        Action.DOCUMENT_COMPARE: "compared versions of a document of yours",
        Action.DOCUMENT_CHANGE: "changed what a document of yours is called",
        Action.DOCUMENT_DELETE: "deleted a document of yours",
        Action.DOCUMENT_RESTORE: "restored a document of yours",
        Action.DOCUMENT_RESTORE_VERSION: "restored an earlier version of a document",
        Action.DOCUMENT_HOLD: "put a document of yours on legal hold",
        Action.DOCUMENT_RELEASE: "released a document of yours from legal hold",
        Action.DOCUMENT_PURGE: "removed a deleted document of yours for good",
        Action.DOCUMENT_SCAN: "had a document of yours scanned for viruses",
        Action.DOCUMENT_RECOGNISE: "read the words on a scanned document of yours",
        Action.DOCUMENT_DAMAGED: "found a document of yours damaged in the store",
        Action.DOCUMENT_ASSIGN: "assigned a document of yours in the inbox",
        Action.DOCUMENT_FINISH: "marked a document of yours as done",
        Action.DOCUMENT_REOPEN: "put a document of yours back into the inbox",
        Action.PRESCRIPTION_ISSUE: "issued a prescription for you",
        Action.PRESCRIPTION_AMEND: "amended a prescription of yours",
        Action.PRESCRIPTION_WITHDRAW: "cancelled a prescription of yours",
        Action.PRESCRIPTION_ADD_SCAN: "filed a signed paper of your prescription",
        Action.PRESCRIPTION_READ: "viewed your prescriptions",
        Action.PRESCRIPTION_DOWNLOAD: "downloaded a prescription of yours",
        Action.PRESCRIPTION_DAMAGED: "found a prescription of yours damaged",
        Action.SHARE_CREATE: "created a link to a document of yours",
        Action.SHARE_REVOKE: "revoked a link to a document of yours",
        Action.SHARE_OPEN: "opened a document of yours by a link",
        Action.BOOKING_HOLD: "held a time for a visit of yours",
        Action.BOOKING_LOSE: "asked for a time for you that was just taken",
        Action.BOOKING_RENEW: "held a time for a visit of yours for longer",
        Action.BOOKING_CONFIRM: "booked a visit of yours",
        Action.BOOKING_MOVE: "moved a visit of yours",
        Action.BOOKING_CANCEL: "cancelled a visit of yours",
        Action.BOOKING_EXPIRE: "released a time that was held for you",
        Action.BOOKING_READ: "viewed your bookings",
        Action.WAITLIST_READ: "viewed your waiting list entries",
        Action.WAITLIST_JOIN: "put you on a waiting list",
        Action.WAITLIST_LEAVE: "took you off a waiting list",
        Action.WAITLIST_OFFER: "offered you a time that had become free",
        Action.NEWCOMER_REGISTER: "linked a visit that you had booked to your record",
        Action.VISIT_LIST: "listed your visits",
        Action.VISIT_READ: "opened a visit of yours",
        Action.VISIT_CHECK_IN: "checked you in",
        Action.VISIT_UNDO_CHECK_IN: "undid your check-in",
        Action.VISIT_CALL_IN: "called you in",
        Action.VISIT_UNDO_CALL_IN: "sent you back to the waiting room",
        Action.VISIT_COMPLETE: "completed a visit of yours",
        Action.VISIT_REOPEN: "opened a completed visit of yours again",
        Action.VISIT_MISS: "noted that you did not come",
        Action.VISIT_PHONE: "noted that you were phoned about a visit",
        Action.VISIT_UNDO_PHONE: "undid the note that you were phoned about a visit",
        Action.NOTIFICATION_SEND: "sent you an e-mail about a visit or documents",
        Action.CARE_ASSIGN: "assigned a clinician to you",
        Action.CARE_END: "ended a treatment",
        Action.GLASS_SEARCH: "found you among other clinicians' patients",
        Action.GLASS_BREAK: "opened your record although not treating you",
        Action.GLASS_REVIEW: "reviewed why your record was opened",
        Action.RECORD_READ: "read notes about a visit of yours",
        Action.RECORD_SAVE: "wrote notes about a visit of yours",
        Action.USER_INVITE: "invited you to sign in",
        Action.APP_ALLOW: "let an app read your record",
        Action.ACCESS_REFUSE: "tried to open your record and was refused",
    }
)


_OF_DOCUMENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        Action.DOCUMENT_FILE: "filed it",
        Action.DOCUMENT_ADD_VERSION: "replaced the file by {version}",
        Action.DOCUMENT_READ: "opened its page at {version}",
        Action.DOCUMENT_VIEW: "viewed {version}",
        Action.DOCUMENT_PRINT: "printed {version}",
        Action.DOCUMENT_DOWNLOAD: "downloaded {version}",
        Action.DOCUMENT_COMPARE: "compared {version} with another",
        Action.DOCUMENT_CHANGE: "changed its details",
        Action.DOCUMENT_DELETE: "deleted it",
        Action.DOCUMENT_RESTORE: "restored it",
        Action.DOCUMENT_RESTORE_VERSION: "restored an earlier version as {version}",
        Action.POINT_IN_TIME_COPY_DOCUMENT: "brought it back as it was, as {version}",
        Action.DOCUMENT_HOLD: "put it on legal hold",
        Action.DOCUMENT_RELEASE: "released the legal hold",
        Action.DOCUMENT_PURGE: "removed it for good",
        Action.DOCUMENT_SCAN: "scanned {version} for viruses",
        Action.DOCUMENT_RECOGNISE: "read the words on the pages of {version}",
        Action.DOCUMENT_DAMAGED: "found {version} damaged in the store",
        Action.SHARE_CREATE: "created a link to {version}",
        Action.SHARE_REVOKE: "revoked a link to {version}",
        Action.SHARE_OPEN: "opened {version} by a link",
        Action.ACCESS_REFUSE: "tried to open it and was refused",
    }
)


# A typed address is kept as a hash, which cannot be read back, and only shows which
# attempts were for the same address.
_HASHED: Final = frozenset({Action.CODE_REQUEST, Action.SESSION_START})
_HASHES: Final[Mapping[str, str]] = MappingProxyType({"address": "hash of the address"})

# Their values are our own terms, which nobody has typed.
_OUR_VALUES: Final = frozenset({"of", "role", "state", "status"})

# Which entries of the log somebody asked for, or left out.
_OF_ACTIONS: Final = frozenset({"actions", "other_than"})

_WEEKDAYS: Final[Mapping[str, str]] = MappingProxyType(
    {name[:3]: name for name in WEEKDAYS}
)

_SOMETHING: Final = "did something with your record"
_SOMETHING_ELSE: Final = "did something with {version}"


def describe(action: str, details: Mapping[str, Any]) -> str:
    """Return what the details hold, without what a record says."""
    is_clinical = action.partition(":")[0] in _CLINICAL
    if action in _HASHED:
        details = {_HASHES.get(name, name): value for name, value in details.items()}
    return _listed(_parts(details, is_clinical=is_clinical), "; ")


def describe_to_patient(action: str, details: Mapping[str, Any]) -> str:
    """Return what was done with a patient's record, as shown to the patient."""
    if action == Action.APP_ALLOW and isinstance(app := details.get("name"), str):
        return Sentence("let the app {app} read your record", app=app)
    sentence = _TO_PATIENTS.get(action, _SOMETHING)
    changed = details.get("changed")
    is_change = action in {Action.PATIENT_CHANGE, Action.PATIENT_CHANGE_OWN}
    if is_change and isinstance(changed, Mapping):
        return Sentence(
            "{what}: {fields}", what=Sentence(sentence), fields=_labels(changed)
        )
    return Sentence(sentence)


def describe_document_event(action: str, details: Mapping[str, Any]) -> str:
    """Return what was done with a document, and with which version of it."""
    version = details.get("version")
    said = _OF_DOCUMENT.get(action, _SOMETHING_ELSE)
    if isinstance(version, int):
        return Sentence(said, version=Sentence("version {number}", number=version))
    return Sentence(said, version=Sentence("it"))


def _parts(details: Mapping[str, Any], *, is_clinical: bool) -> Iterator[str]:
    for name, value in details.items():
        match name, value:
            case "sentence", str():
                yield value
            case "app", str():
                yield Sentence("by the app {app}", app=value)
            case "changed", Mapping() if is_clinical:
                yield Sentence("changed {fields}", fields=_labels(value))
            case "changed", Mapping():
                yield from map(_change, value.items())
            case "criteria", Mapping():
                yield _describe_criteria(value)
            case "patients", list():
                yield _showed(len(value))
            case _ if not is_clinical:
                yield _value(name, value)
            case _, bool() | int():
                yield _value(name, value)


def _hours_of(week: Iterable[object]) -> str:
    """Return a doctor's hours, kept as "Mon 08:00-12:00 work", as a list."""
    return _listed(map(_stretch, map(str, week)), ", ") or "–"


def _stretch(kept: str) -> str:
    start, _, rest = kept.partition(" ")
    hours, _, kind = rest.partition(" ")
    weekday = _WEEKDAYS.get(start)
    if weekday is None or not kind:
        return kept
    return Sentence(
        "{weekday} {hours} {kind}",
        weekday=Sentence(weekday),
        hours=hours,
        kind=Sentence(kind),
    )


def _showed(patients: int) -> str:
    match patients:
        case 0:
            return Sentence("showed nobody")
        case 1:
            return Sentence("showed 1 patient")
    return Sentence("showed {count} patients", count=patients)


def _value(name: str, value: object) -> str:
    match name, value:
        case "week", [list() as before, list() as after]:
            return Sentence(
                "{field}: {before} → {after}",
                field=field_name(name),
                before=_hours_of(before),
                after=_hours_of(after),
            )
        case "filesize", int():
            return Sentence("file size: {number:,} bytes", number=value)
    shown = _shown(name, value)
    return Sentence("{field}: {value}", field=field_name(name), value=shown)


def _shown(name: str, value: object) -> object:
    """Return a value as people read it, and not as Python writes it."""
    match value:
        case None:
            return "–"
        case bool():
            return field_name(str(value).lower())
        case list():
            return _shown_list(name, value)
        case dict():
            return ", ".join(f"{key}: {each}" for key, each in value.items()) or "–"
        case str():
            return _shown_code(name, value)
    return value


def _shown_list(name: str, values: Iterable[object]) -> str:
    """Return a list with its codes in words; what was typed stays as it was."""
    shown = {
        f"part_{number}": _shown_code(name, str(value))
        for number, value in enumerate(values)
    }
    return Sentence(", ".join(f"{{{part}}}" for part in shown) or "–", **shown)


def _shown_code(name: str, value: str) -> str:
    if name in _OF_ACTIONS:
        return Sentence(phrase_of(value))
    if words := CODES.get(name, {}).get(value):
        return Sentence(words)
    return field_name(value) if name in _OUR_VALUES else value


def _change(change: tuple[str, Any]) -> str:
    name, values = change
    match values:
        case [before, after]:
            return Sentence(
                "{field}: {before} → {after}",
                field=field_name(name),
                before=_shown(name, before),
                after=_shown(name, after),
            )
        case _:
            return _value(name, values)


def _describe_criteria(kept: Mapping[str, Any]) -> str:
    try:
        wanted = criteria.from_json(dict(kept))
    except InvalidInput:
        return Sentence("asked for a list")
    names = sorted({filter_.field for filter_ in wanted.where.filters()})
    search_box = [Sentence("the search box")] if wanted.search else []
    if not search_box and not names:
        archived = Sentence("all archived patients")
        return archived if wanted.archived else Sentence("all patients")
    fields = _listed([*search_box, *map(field_name, names)], ", ")
    if wanted.archived:
        return Sentence("asked for archived patients by {fields}", fields=fields)
    return Sentence("asked for patients by {fields}", fields=fields)


def _labels(changed: Iterable[str]) -> str:
    """Return the names of fields as a list, each to be translated."""
    return _listed(map(field_name, changed), ", ")


def _listed(parts: Iterable[str], separator: str) -> str:
    """Return a list of sentences, each to be translated."""
    listed = {
        f"part_{number}": part if isinstance(part, Sentence) else _said(part)
        for number, part in enumerate(parts)
    }
    return Sentence(separator.join(f"{{{name}}}" for name in listed), **listed)


def field_name(name: str) -> str:
    """Return the name of a field or a kind of thing as people read it."""
    return _said(name.replace("_", " "))


def _said(text: str) -> str:
    # Typed text may contain braces, and is in no catalogue.
    return text if set("{}") & set(text) else Sentence(text)
