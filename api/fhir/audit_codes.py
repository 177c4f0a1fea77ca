"""The audit log's actions as codes of FHIR and DICOM."""

from collections.abc import Callable, Iterator
from typing import Final, Literal

from api.fhir import systems
from api.fhir.definitions import Resource, coding
from services.audit.log import phrase_of
from services.core.audit import Action

Code = Literal["C", "R", "U", "D", "E"]

# DICOM PS3.16, context group 400; the names are the standard's.
_ACTIVITY: Final = "110100"
_LOG_USED: Final = "110101"
_EXPORT: Final = "110106"
_IMPORT: Final = "110107"
_ORDER: Final = "110109"
_PATIENT: Final = "110110"
_QUERY: Final = "110112"
_SECURITY: Final = "110113"
_AUTHENTICATION: Final = "110114"
_NAMES: Final = {
    _ACTIVITY: "Application Activity",
    _LOG_USED: "Audit Log Used",
    _EXPORT: "Export",
    _IMPORT: "Import",
    _ORDER: "Order Record",
    _PATIENT: "Patient Record",
    _QUERY: "Query",
    _SECURITY: "Security Alert",
    _AUTHENTICATION: "User Authentication",
}
_BY_VERB: Final = {
    **dict.fromkeys(("list", "count", "search", "find-duplicates"), _QUERY),
    **dict.fromkeys(("export", "export-identified"), _EXPORT),
    "import": _IMPORT,
}
_BY_SUBJECT: Final = {
    **dict.fromkeys(("session", "code", "passkey", "identity"), _AUTHENTICATION),
    **dict.fromkeys(("user", "token", "access", "limit", "glass", "keys"), _SECURITY),
    "system": _SECURITY,
    **dict.fromkeys(("patient", "photo", "document", "share", "past"), _PATIENT),
    **dict.fromkeys(("record", "care", "visit", "booking", "waitlist"), _PATIENT),
    "prescription": _ORDER,
}
# DICOM's own subtypes, in addition to the clinic's action.
_SUBTYPES: Final = {
    Action.SESSION_START: ("110122", "Login"),
    Action.SESSION_END: ("110123", "Logout"),
    Action.GLASS_BREAK: ("110127", "Emergency Override Started"),
}

# Actions on these subjects are executions, whatever their verb.
_CARRIED_OUT: Final = frozenset(
    {"session", "code", "cluster", "drill", "backup", "access", "limit", "keys"}
)
_CODES: Final[dict[str, Code]] = {
    **dict.fromkeys(("add", "register", "file", "add-version", "add-scan"), "C"),
    **dict.fromkeys(("invite", "issue", "create", "begin", "receive", "join"), "C"),
    **dict.fromkeys(("assign", "link", "import", "make"), "C"),
    **dict.fromkeys(("read", "print", "list", "count", "view", "download"), "R"),
    **dict.fromkeys(("compare", "open", "search", "find-duplicates"), "R"),
    **dict.fromkeys(("export", "export-identified", "print-labels"), "R"),
    **dict.fromkeys(("change", "change-own", "change-role", "change-rule"), "U"),
    "choose": "U",
    **dict.fromkeys(("choose-columns", "choose-language", "rename", "save"), "U"),
    "choose-display": "U",
    **dict.fromkeys(("archive", "restore", "restore-version", "merge", "copy"), "U"),
    **dict.fromkeys(("postpone-erasure", "hold", "release", "renew", "confirm"), "U"),
    **dict.fromkeys(("move", "finish", "reopen", "amend", "withdraw", "review"), "U"),
    **dict.fromkeys(("deactivate", "reactivate", "reset-passkeys"), "U"),
    **dict.fromkeys(("acknowledge", "mark-read", "correct", "end", "miss"), "U"),
    **dict.fromkeys(("check-in", "undo-check-in", "call-in", "undo-call-in"), "U"),
    **dict.fromkeys(("complete", "phone", "undo-phone"), "U"),
    **dict.fromkeys(("switch-off", "switch-on"), "U"),
    **dict.fromkeys(("erase", "remove", "delete", "purge", "revoke"), "D"),
    **dict.fromkeys(("unlink", "cancel", "expire", "leave", "forget", "sweep"), "D"),
}
# Actions whose verb means something else than elsewhere.
_OWN_CODES: Final[dict[str, Code]] = {
    Action.BOOKING_HOLD: "C",
    Action.NEWCOMER_HOLD: "C",
    Action.DOCUMENT_ASSIGN: "U",
}
# FHIR compares these outcomes with HTTP's statuses 400 and 500.
OUTCOMES: Final[dict[str, str]] = {"done": "0", "refused": "4", "failed": "8"}


def type_of(action: str) -> Resource:
    """Return the kind of event in DICOM; a former action is an Application Activity."""
    subject, _, verb = action.partition(":")
    code = _BY_SUBJECT.get(subject, _ACTIVITY)
    if subject == "audit":
        code = _LOG_USED
    elif subject == "export":
        code = _EXPORT
    elif subject not in _CARRIED_OUT:
        code = _BY_VERB.get(verb, code)
    return coding(systems.DICOM, code) | {"display": _NAMES[code]}


def subtypes_of(action: str) -> list[Resource]:
    """Return the clinic's own action, and DICOM's name for it where there is one."""
    own = coding(systems.AUDIT_ACTION, action) | {"display": phrase_of(action)}
    if action not in _SUBTYPES:
        return [own]
    code, name = _SUBTYPES[Action(action)]
    return [own, coding(systems.DICOM, code) | {"display": name}]


def code_of(action: str) -> Code:
    """Return whether something was created, read, updated, deleted, or executed."""
    subject, _, verb = action.partition(":")
    if subject in _CARRIED_OUT:
        return "E"
    return _OWN_CODES.get(action) or _CODES.get(verb, "E")


def with_type(value: str) -> frozenset[str]:
    """Return the actions of a type, given as a token, `system|code` or `code`."""
    return _meeting(value, lambda action: [type_of(action)])


def with_subtype(value: str) -> frozenset[str]:
    """Return the actions of a subtype, given as a token."""
    return _meeting(value, subtypes_of)


def with_code(value: str) -> frozenset[str]:
    """Return the actions of a code, C, R, U, D or E, given as a token."""
    return _meeting(
        value, lambda action: [coding(systems.AUDIT_EVENT_ACTION, code_of(action))]
    )


def _meeting(value: str, codings_of: Callable[[str], list[Resource]]) -> frozenset[str]:
    return frozenset(
        action.value
        for action in Action
        if any(_is(value, candidate) for candidate in codings_of(action.value))
    )


def _is(value: str, candidate: Resource) -> bool:
    system, bar, code = value.rpartition("|")
    return candidate["code"] == code and (not bar or candidate["system"] == system)


def outcomes_of(value: str) -> Iterator[str]:
    """Yield the outcome that a token names, if there is one."""
    system, bar, code = value.rpartition("|")
    if not bar or system == systems.AUDIT_EVENT_OUTCOME:
        yield from (name for name, known in OUTCOMES.items() if known == code)
