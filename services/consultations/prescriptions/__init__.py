"""Prescriptions: issued at a visit as signed papers, amended, withdrawn, checked."""

from services.consultations.prescriptions.content import (
    PrescriptionOrder as PrescriptionOrder,
)
from services.consultations.prescriptions.drafts import (
    UnfinishedPrescription as UnfinishedPrescription,
    discard_draft as discard_draft,
    list_drafts as list_drafts,
    save_draft as save_draft,
)
from services.consultations.prescriptions.issuer import (
    PrescriptionIssuer as PrescriptionIssuer,
)
from services.consultations.prescriptions.issuing import (
    issue as issue,
    prepare as prepare,
    prepare_amendment as prepare_amendment,
    withdraw as withdraw,
)
from services.consultations.prescriptions.reading import (
    find_by_content as find_by_content,
    find_of_visit as find_of_visit,
    get as get,
    list_of_patient as list_of_patient,
    open_version as open_version,
    read_file as read_file,
    stream_all as stream_all,
    versions as versions,
)
from services.consultations.prescriptions.records import (
    DraftPrescription as DraftPrescription,
    PrescriptionLine as PrescriptionLine,
    PrescriptionRecord as PrescriptionRecord,
    PrescriptionStatus as PrescriptionStatus,
    PrescriptionVersion as PrescriptionVersion,
    SignedPaper as SignedPaper,
)
from services.consultations.prescriptions.rows import (
    permission_to_view as permission_to_view,
)
