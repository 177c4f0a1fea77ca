"""Summaries of a patient's chart for printing: for the clinic, and for the patient."""

from services.consultations.summaries.paper import print_summary as print_summary
from services.consultations.summaries.patient_paper import (
    print_patient_summary as print_patient_summary,
)
from services.consultations.summaries.patient_summary import (
    VITALS_BY_LOINC as VITALS_BY_LOINC,
    CurrentDrug as CurrentDrug,
    ListedTerm as ListedTerm,
    PatientSummary as PatientSummary,
    collect as collect,
)
from services.consultations.summaries.summary import (
    summarise as summarise,
)
