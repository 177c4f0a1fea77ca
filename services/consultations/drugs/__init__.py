"""Drugs by name: which are known, what they contain, and how lists name them."""

from services.consultations.drugs.drug_classes import (
    CLASSES as CLASSES,
    RELATED as RELATED,
    classes_named_in as classes_named_in,
)
from services.consultations.drugs.drug_contents import KNOWN_WORDS as KNOWN_WORDS
from services.consultations.drugs.drug_list import (
    BUILT_IN as BUILT_IN,
    ClinicDrug as ClinicDrug,
    DrugList as DrugList,
)
from services.consultations.drugs.drug_names import (
    ROUTES as ROUTES,
    plain as plain,
)
