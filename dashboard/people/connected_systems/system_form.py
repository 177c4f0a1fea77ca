"""The fields of a connected system: what it reads, and where its keys are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _, marked
from services.core import reasons
from services.core.actors import Role
from services.people import connected_systems, tokens
from services.people.connected_systems import SystemExports, SystemKeysTyped

_ADDRESS: Final = marked("At an address")
_PASTED: Final = marked("Pasted here")
_SOME_ADDRESS: Final = "https://ehr.example.org/jwks.json"
_SOME_KEYS: Final = '{"keys": [{"kty": "EC", "crv": "P-384", ...}]}'
_TYPES: Final = {
    "Patient": marked("patients"),
    "AllergyIntolerance": marked("allergies"),
    "Condition": marked("diagnoses of visits"),
    "Observation": marked("vital signs"),
    "MedicationRequest": marked("prescriptions"),
    "Practitioner": marked("doctors"),
    "PractitionerRole": marked("specialities of doctors"),
    "DocumentReference": marked("documents"),
    "Binary": marked("files of documents"),
    "Schedule": marked("calendars of doctors"),
    "Slot": marked("free and taken times"),
    "Appointment": marked("bookings"),
    "Encounter": marked("visits"),
    "Provenance": marked("who changed what"),
    "AuditEvent": marked("the audit log"),
    "Group": marked("groups that it was granted"),
}
_EXPORTS: Final = {
    SystemExports.NOTHING: marked("Nothing"),
    SystemExports.GROUPS: marked("Its groups only"),
    SystemExports.ALL: marked("Everything it reads"),
}


@dataclass(frozen=True, slots=True)
class SystemTyped:
    """The wanted settings of a system; without keys, the present ones stay."""

    name: str
    keys: SystemKeysTyped | None
    resource_types: tuple[str, ...]
    exports: SystemExports
    export_purpose: str


def type_words(name: str) -> str:
    """Return a resource type by FHIR's name and, if it has one here, its description.

    A later version of the app, which may run beside this one, knows more types.
    """
    words = _TYPES.get(name)
    return f"{name} ({_(words)})" if words else name


def system_form(
    page: str,
    role: Role,
    *,
    kept: Sequence[str] | None = None,
    kept_exports: SystemExports = SystemExports.NOTHING,
    kept_purpose: str | None = None,
) -> SystemTyped | None:
    """Ask what a system reads and where its keys are; return it once the form is sent.

    `kept` are the types of a system that is already connected, `kept_exports` how much
    of them it exports, and `kept_purpose` what for: its name stays, and so do its keys
    unless others are given.
    """
    exports = _exports_field(page, role, kept_exports)
    where = st.segmented_control(
        _("Its public keys") if kept is None else _("Other public keys"),
        (_ADDRESS, _PASTED),
        default=_ADDRESS,
        required=True,
        key=f"{page}_where",
        format_func=_,
    )
    with st.form(f"{page}_form"):
        name = _name_field(page) if kept is None else ""
        types = st.multiselect(
            _("It reads"),
            tuple(dict.fromkeys((*tokens.resource_types_of(role), *(kept or ())))),
            default=None if kept is None else list(kept),
            key=f"{page}_types",
            format_func=type_words,
            placeholder=_("Choose"),
            help=_("Of each type, only what the role may see."),
        )
        purpose = ""
        if exports is not SystemExports.NOTHING:
            purpose = _purpose_field(page, role, kept_purpose)
        url = jwks = ""
        if where == _ADDRESS:
            url = st.text_input(
                _("Address of its keys (JWKS)"),
                key=f"{page}_url",
                placeholder=_SOME_ADDRESS,
                autocomplete="off",
                help=_("Keys that the system replaces there are used automatically."),
            )
        else:
            jwks = st.text_area(
                _("Its public keys (JWKS)"),
                key=f"{page}_jwks",
                placeholder=_SOME_KEYS,
                help=_("JSON with RSA keys (RS384) or EC keys on P-384 (ES384)."),
            )
        sent = st.form_submit_button(
            _("Connect") if kept is None else _("Save changes"),
            type="primary",
            key=f"{page}_save",
        )
    if not sent:
        return None
    typed = SystemKeysTyped(url, jwks, wiring.current().settings.jwks_hosts)
    is_left = kept is not None and not (url.strip() or jwks.strip())
    keys = None if is_left else typed
    return SystemTyped(name, keys, tuple(types), exports, purpose)


def exports_words(exports: SystemExports) -> str:
    """Return as text how much a system exports."""
    return _(_EXPORTS[exports])


def _exports_field(page: str, role: Role, kept: SystemExports) -> SystemExports:
    """Ask how much a system exports; without asking, if its role exports nothing."""
    if not connected_systems.may_export(role):
        return SystemExports.NOTHING
    return st.segmented_control(
        _("It exports in bulk"),
        tuple(SystemExports),
        default=kept,
        required=True,
        key=f"{page}_exports_{role}",
        format_func=exports_words,
        help=_(
            "Limited to the groups granted to it, it exports nobody else. Whatever "
            "you choose, it can read and search single patients whom its role sees."
        ),
    )


def _purpose_field(page: str, role: Role, kept: str | None) -> str:
    return bounded_line(
        _("What it exports for"),
        kept or "",
        longest=reasons.LONGEST,
        key=f"{page}_purpose_{role}",
        placeholder=_("Nightly copy into the research database"),
        help=_(
            "It is recorded in the audit log with each export (bulk data). An "
            "analyst's exports have names."
        ),
    )


def _name_field(page: str) -> str:
    return st.text_input(
        _("Name of the system"),
        key=f"{page}_name",
        placeholder=_("Regional health record"),
        autocomplete="off",
    )
