"""A patient's chart: the diagnoses of all visits, and labels with the record number."""

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
