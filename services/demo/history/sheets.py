"""The content of the invented clinic's papers, by the kind of paper."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from types import MappingProxyType
from typing import Final

from services.demo.history.reasons import Reason
from services.documents.forms import (
    TEMPLATES,
    Form,
    FormField,
    FormFieldKind,
    Template,
)
from services.patients.records.model import PatientRecord

_TEXT, _TABLE = FormFieldKind.TEXT, FormFieldKind.TABLE
_IDENTITY: Final = ("name", "record_number", "date_of_birth")
# Every letter begins with whose it is.
_WHOSE: Final = tuple(
    field for field in TEMPLATES["medical_record"].fields if field.name in _IDENTITY
)
_LAB: Final = (
    ("Haemoglobin", 14.1, 1.2, "g/dl", "12.0-17.5"),
    ("Leucocytes", 6.8, 1.6, "10⁹/l", "4.0-10.0"),
    ("Platelets", 245.0, 45.0, "10⁹/l", "150-400"),
    ("Creatinine", 78.0, 12.0, "µmol/l", "45-105"),
    ("HbA1c", 41.0, 7.0, "mmol/mol", "below 42"),
    ("Cholesterol, total", 4.9, 0.8, "mmol/l", "below 5.0"),
    ("TSH", 2.1, 0.9, "mU/l", "0.4-4.0"),
)


def _letter(name: str, title: str, document_type: str, *more: FormField) -> Template:
    """Return a paper that others send or people sign, none of the clinic's forms."""
    return Template(name, title, document_type, "", (*_WHOSE, *more))


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of paper, its author's role, and its content."""

    template: Template
    author: str
    words: Callable[[PatientRecord, Reason, date, Random], Form]

    @property
    def is_own_form(self) -> bool:
        """Whether it is made here from one of the clinic's forms."""
        return self.template.name in TEMPLATES


def _lab(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient, reason
    results = [
        [test, f"{abs(rng.gauss(mean, spread)):.1f}", unit, usual]
        for test, mean, spread, unit, usual in _LAB
    ]
    return {
        "sample": "Venous blood, fasting",
        "taken_on": day.isoformat(),
        "laboratory": "Port Kelly Laboratories",
        "results": results,
        "interpretation": "Please read together with the clinical picture.",
    }


def _summary(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient, rng
    return {
        "visited_on": day.isoformat(),
        "reason": reason.words,
        "findings": reason.findings,
        "diagnosis": f"{reason.code} {reason.diagnosis}",
        "plan": reason.plan,
    }


def _referral(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient, day
    return {
        "recipient": "St Agnes Hospital, outpatients",
        "urgency": rng.choice(("Routine", "Within two weeks")),
        "reason": f"{reason.words}: we ask for your opinion and further care.",
        "diagnosis": f"{reason.code} {reason.diagnosis}",
    }


def _sick_note(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient, reason
    until = day + timedelta(days=rng.choice((2, 3, 4, 6)))
    return {
        "unfit_from": day.isoformat(),
        "unfit_until": until.isoformat(),
        "unfit_for": "Work",
    }


def _record(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient, day, rng
    return {"diagnosis": f"{reason.code} {reason.diagnosis}\n{reason.findings}"}


def _imaging(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient, day
    what = rng.choice(("Chest X-ray, two views", "Ultrasound of the abdomen"))
    return {
        "examination": what,
        "question": reason.words,
        "report": "No abnormal findings. Normal size and shape of all organs shown.",
        "radiologist": "Imaging Centre Port Kelly",
    }


def _discharge(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient
    nights = rng.randrange(2, 6)
    return {
        "sender": "St Agnes Hospital, internal medicine",
        "stay": f"{day - timedelta(days=nights)} to {day}",
        "body": f"Dear colleague,\n\nthank you for referring this patient "
        f"({reason.words.lower()}). The course was uneventful; discharge in good "
        "condition. Please check blood values in two weeks.",
    }


def _consent(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient, reason
    return {
        "to": rng.choice(("Vaccination", "Sending reports by e-mail", "Minor surgery")),
        "explained": "Purpose, course and risks were explained; questions answered.",
        "signed_on": day.isoformat(),
    }


def _invoice(patient: PatientRecord, reason: Reason, day: date, rng: Random) -> Form:
    del patient
    lines = [["Consultation", "1", "45.00"], ["ECG", "1", "28.50"]]
    chosen = lines[: rng.randrange(1, 3)]
    total = sum(float(amount) for _, _, amount in chosen)
    return {
        "number": f"{day:%Y%m}-{rng.randrange(1000, 9999)}",
        "lines": chosen,
        "total": f"{total:.2f}",
        "due": f"{day + timedelta(days=30)}",
        "about": reason.words,
    }


def _certificate(
    patient: PatientRecord, reason: Reason, day: date, rng: Random
) -> Form:
    del patient, reason
    return {
        "insurer": rng.choice(("Harbour Mutual", "Northern Health Fund")),
        "member": f"{rng.randrange(10**8, 10**9)}",
        "valid": f"{day.year}",
    }


_SECRETARY, _CLINICIAN = "staff", "clinician"
KINDS: Final[Mapping[str, PaperKind]] = MappingProxyType(
    {
        kind.template.document_type: kind
        for kind in (
            PaperKind(TEMPLATES["visit_summary"], _CLINICIAN, _summary),
            PaperKind(TEMPLATES["lab_report"], _SECRETARY, _lab),
            PaperKind(TEMPLATES["referral_letter"], _CLINICIAN, _referral),
            PaperKind(
                _letter(
                    "imaging",
                    "Imaging report",
                    "imaging",
                    FormField("examination", "Examination"),
                    FormField("question", "Clinical question"),
                    FormField("report", "Report", _TEXT),
                    FormField("radiologist", "Reported by"),
                ),
                _SECRETARY,
                _imaging,
            ),
            PaperKind(TEMPLATES["sick_note"], _CLINICIAN, _sick_note),
            PaperKind(
                _letter(
                    "correspondence",
                    "Discharge letter",
                    "correspondence",
                    FormField("sender", "From"),
                    FormField("stay", "Stay"),
                    FormField("body", "Letter", _TEXT),
                ),
                _SECRETARY,
                _discharge,
            ),
            PaperKind(TEMPLATES["medical_record"], _CLINICIAN, _record),
            PaperKind(
                _letter(
                    "invoice",
                    "Invoice",
                    "invoice",
                    FormField("number", "Invoice number"),
                    FormField("about", "For"),
                    FormField(
                        "lines",
                        "Services",
                        _TABLE,
                        columns=("Service", "Quantity", "Amount"),
                    ),
                    FormField("total", "Total"),
                    FormField("due", "Payable until"),
                ),
                _SECRETARY,
                _invoice,
            ),
            PaperKind(
                _letter(
                    "consent",
                    "Consent form",
                    "consent",
                    FormField("to", "Consent to"),
                    FormField("explained", "Explanation", _TEXT),
                    FormField("signed_on", "Signed on", FormFieldKind.DATE),
                ),
                _SECRETARY,
                _consent,
            ),
            PaperKind(
                _letter(
                    "other",
                    "Insurance certificate",
                    "other",
                    FormField("insurer", "Insurer"),
                    FormField("member", "Member number"),
                    FormField("valid", "Valid for the year"),
                ),
                _SECRETARY,
                _certificate,
            ),
        )
    }
)
