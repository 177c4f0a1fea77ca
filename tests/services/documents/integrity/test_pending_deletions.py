"""Pending deletions of files, in a clinic with as many as there may be."""

from db.files.gridfs import Bucket
from services.documents.integrity import pending_deletions
from services.documents.integrity.pending_deletions import PendingDeletion


def test_files_that_rows_name_again_are_taken_off_however_many_a_clinic_has(session):
    named = [f"{number:024x}" for number in range(100_000)]
    purged = f"{200_000:024x}"
    pending_deletions.add_purged(session, Bucket.DOCUMENTS, [named[-1], purged])
    pending_deletions.add_purged(session, Bucket.PATIENT_PHOTOS, [named[-1]])
    pending_deletions.note_unreferenced(session, Bucket.DOCUMENTS, ["f" * 24])

    pending_deletions.forget_unreferenced(
        session, [(str(Bucket.DOCUMENTS), file_id) for file_id in named]
    )

    assert pending_deletions.list_due(session, 10) == (
        PendingDeletion(Bucket.DOCUMENTS, purged, is_purged=True),
        PendingDeletion(Bucket.PATIENT_PHOTOS, named[-1], is_purged=True),
    )
    assert pending_deletions.note_unreferenced(session, Bucket.DOCUMENTS, ["f" * 24])
