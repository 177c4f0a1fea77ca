"""Who may call what: every function of the services that takes an actor."""

from typing import Final

from services.actors import Role

NOBODY: Final = frozenset[Role]()
EVERYBODY: Final = frozenset(Role)
PATIENT: Final = frozenset({Role.PATIENT})
DESK: Final = frozenset({Role.STAFF, Role.CLINICIAN})
LISTS: Final = DESK | {Role.ANALYST}
PROGRAMMERS: Final = LISTS | {Role.ADMIN}
CLINICIAN: Final = frozenset({Role.CLINICIAN})
ANALYST: Final = frozenset({Role.ANALYST})
ADMIN: Final = frozenset({Role.ADMIN})

ALLOWED: Final = {
    "audit_log.accesses.list_accesses": PATIENT,
    "audit_log.document_accesses.list_document_accesses": DESK | PATIENT,
    "audit_log.entries.list_entries": ADMIN,
    "audit_log.entries.export_csv": ADMIN,
    "audit_log.entries.list_people": ADMIN,
    "audit_log.entries.record_verification": ADMIN,
    "authoring.drafts.save_draft": DESK,
    "authoring.drafts.list_drafts": DESK,
    "authoring.drafts.discard_draft": DESK,
    "break_glass.open_record": CLINICIAN,
    "break_glass.list_current": DESK,
    "break_glass.list_own": CLINICIAN,
    "break_glass.list_for_review": ADMIN,
    "break_glass.review": ADMIN,
    "care.list_clinicians": DESK,
    "care.list_team": DESK,
    "care.assign": DESK,
    "care.end": DESK,
    "confirmations.is_fresh": EVERYBODY,
    "confirmations.require_passkey": EVERYBODY,
    "confirmations.require_proof": EVERYBODY,
    "doctors.list_doctors": EVERYBODY - ADMIN,
    "doctors.get_doctor": EVERYBODY - ADMIN,
    "document_lists.counting.count_documents": DESK | PATIENT,
    "document_lists.pages.list_documents": DESK | PATIENT,
    "document_lists.pages.list_numbered": DESK | PATIENT,
    "documents.changing.change": DESK | PATIENT,
    "documents.deleting.delete": DESK | PATIENT,
    "documents.deleting.restore": DESK | PATIENT,
    "documents.deleting.hold": DESK,
    "documents.deleting.release": DESK,
    "documents.filing.file": DESK | PATIENT,
    "documents.filing.add_version": DESK | PATIENT,
    "documents.filing.restore_version": DESK | PATIENT,
    "documents.filing.find_filed": DESK | PATIENT,
    "documents.reading.get": DESK | PATIENT,
    "documents.reading.look_up": DESK | PATIENT,
    "documents.reading.versions": DESK | PATIENT,
    "documents.reading.open_version": DESK | PATIENT,
    "documents.reading.text_of": DESK | PATIENT,
    "documents.reading.restore_days": DESK | PATIENT,
    "duplicates.find_duplicates": DESK,
    "duplicates.list_pairs": DESK,
    "export_grants.ask": ANALYST,
    "export_grants.use": ANALYST,
    "identities.connect": EVERYBODY,
    "identities.list_identities": EVERYBODY,
    "identities.disconnect": EVERYBODY,
    "importing.synthea.import_synthea": ADMIN,
    "invitations.invite": ADMIN,
    "invitations.invite_patient": DESK,
    "invitations.renew": ADMIN,
    "key_rotation.record": ADMIN,
    "merging.preview": DESK,
    "merging.merge": DESK,
    "newest_twins.list_twins": DESK,
    "passkey_proofs.offer_confirmation": EVERYBODY,
    "passkey_proofs.confirm": EVERYBODY,
    "passkeys.list_passkeys": EVERYBODY,
    "passkeys.has_any": EVERYBODY,
    "passkeys.offer_new": EVERYBODY,
    "passkeys.add": EVERYBODY,
    "passkeys.remove": EVERYBODY,
    "patient_lists.counting.count_patients": LISTS,
    "patient_lists.exporting.export_csv": LISTS,
    "patient_lists.identifying.identify": CLINICIAN,
    "patient_lists.pages.list_patients": LISTS,
    "patient_lists.pages.list_numbered": LISTS,
    "patient_lists.similar.find_similar": DESK,
    "patient_lists.statistics.describe": LISTS,
    "patient_lists.terms.suggest_terms": LISTS,
    "patient_lists.terms.list_terms": LISTS,
    "patients.get_patient": DESK,
    "patients.look_up": DESK,
    "patients.register": DESK,
    "patients.edit": DESK,
    "patients.archive": DESK,
    "patients.restore": DESK,
    "people.listing.list_people": ADMIN,
    "people.listing.get_person": ADMIN,
    "people.managing.change_role": ADMIN,
    "people.managing.change_particulars": ADMIN,
    "people.managing.deactivate": ADMIN,
    "people.managing.reactivate": ADMIN,
    "people.managing.reset_passkeys": ADMIN,
    "photos.attach": DESK,
    "photos.read": DESK,
    "photos.remove": DESK,
    "replication.record_look": ADMIN,
    "seeding.clinic.add_batch": ADMIN,
    "seeding.staff.add": ADMIN,
    "sessions.ending.end": ADMIN,
    "sessions.ending.end_all": ADMIN,
    "sessions.opening.list_sessions": ADMIN,
    "shares.create": DESK | PATIENT,
    "shares.list_of": DESK | PATIENT,
    "shares.revoke": DESK | PATIENT,
    "tokens.issuing.issue_for_program": ADMIN,
    "tokens.issuing.issue_own": PROGRAMMERS,
    "tokens.issuing.list_tokens": ADMIN,
    "tokens.issuing.list_own": PROGRAMMERS,
    "tokens.issuing.revoke": PROGRAMMERS,
    "views.remember": LISTS,
    "views.recall": LISTS,
    "views.save_view": LISTS,
    "views.list_views": LISTS,
    "views.rename_view": LISTS,
    "views.delete_view": LISTS,
}

# Tools of the services themselves: they take an actor to ask what it may or to write
# down who it was, and decide nothing.
TOOLS: Final = {
    "audit.record",
    "audit.record_patient",
    "care.is_in_charge",
    "care.require_own",
    "document_fields.fields_for",
    "document_fields.require_list",
    "document_fields.require_visible",
    "document_lists.queries.prepare",
    "listing.recording.record",
    "documents.reading.note_damage",
    "documents.reading.record_event",
    "documents.revising.lock_patient",
    "documents.revising.require_filing",
    "documents.revising.revise",
    "documents.revising.to_change",
    "documents.sights.is_visible_to",
    "documents.sights.may_change",
    "documents.sights.may_delete",
    "documents.sights.require_view",
    "documents.version_rows.add",
    "documents.version_rows.add_copy",
    "patient_fields.fields_for",
    "patient_fields.is_visible",
    "patient_fields.require_visible",
    "patient_lists.queries.prepare",
    "patient_lists.sights.sight_of",
    "sessions.ending.end_where",
    "sessions.records.require_own",
    "throttling.count_upload",
}

# Only the command line, for an administrator, and what a provider vouches for call
# these, as the system.
AS_SYSTEM: Final = {
    "identities.connect",
    "identities.disconnect",
    "importing.synthea.import_synthea",
    "seeding.clinic.add_batch",
    "seeding.staff.add",
}

# The pages of signing in call these for whoever is signed in, in the door's name: no
# role reaches the credentials themselves, not even a person's own.
AT_THE_DOOR: Final = {
    "passkeys.offer_new",
    "passkeys.add",
    "passkeys.remove",
    "passkey_proofs.offer_confirmation",
    "passkey_proofs.confirm",
}

# Nobody is told that what they may not touch is there.
CONCEALED: Final = {"sessions.ending.end"}
