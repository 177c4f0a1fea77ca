"""A patient's chart: what all visits come to, its summary on paper, and labels."""

from services.consultations.chart.known_diagnoses import (
    KnownDiagnosis as KnownDiagnosis,
    known_diagnoses as known_diagnoses,
    list_diagnoses as list_diagnoses,
)
from services.consultations.chart.labels import (
    MOST_LABELS as MOST_LABELS,
    SIZES as SIZES,
    LabelOrder as LabelOrder,
    LabelPaper as LabelPaper,
    take_labels as take_labels,
)
from services.consultations.chart.paper import print_summary as print_summary
from services.consultations.chart.patient_paper import (
    print_patient_summary as print_patient_summary,
)
from services.consultations.chart.patient_summary import (
    VITALS_BY_LOINC as VITALS_BY_LOINC,
    CurrentDrug as CurrentDrug,
    ListedTerm as ListedTerm,
    PatientSummary as PatientSummary,
    collect as collect,
)
from services.consultations.chart.summary import (
    ChartSummary as ChartSummary,
    summarise as summarise,
)
