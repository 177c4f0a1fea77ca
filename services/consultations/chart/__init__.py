"""A patient's chart: what all visits come to, and labels with its number."""

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
