"""Notes as they are typed, one text for each field, and parsing them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Final

from services.consultations import diagnoses
from services.consultations.diagnoses import DiagnosisList
from services.consultations.notes import vitals
from services.consultations.notes.records import Diagnosis, Notes, Vitals
from services.consultations.notes.vitals import VITALS, NotMeasured
from services.core.errors import InvalidFields, Problem
from services.core.sentences import Sentence
from services.core.typed_text import is_storable, tidy

# The text of each field, by its name; a field that is left out is empty.
Typed = Mapping[str, str]

TEXTS: Final = {
    "complaint": "Presenting complaint",
    "findings": "Examination",
    "diagnoses": "Diagnoses",
    "plan": "Plan",
}
LABELS: Final = TEXTS | {vital.name: vital.label for vital in VITALS}
LONGEST: Final = 8_000
NOTHING: Final = (
    "Presenting complaint and all other fields are empty; write something first."
)
_LONGEST_DIAGNOSIS: Final = 200
_MOST_DIAGNOSES: Final = 20
# With its dot: S100 is a protein and T2N1 a stage, and both must stay as typed.
_CODE: Final = re.compile(r"[A-Za-z][0-9]{2}(?:\.[0-9A-Za-z]{1,4})?")


class InvalidNotes(InvalidFields):
    """The notes break one or more rules; what was typed stays unchanged."""


def read(typed: Typed, known: DiagnosisList = diagnoses.BUILT_IN) -> Notes:
    """Parse what was typed. Raises InvalidNotes with every problem.

    `known` has the codes with which lines of diagnoses may begin, besides those of
    ICD-10.
    """
    notes, problems = _read(typed, known)
    if not problems and notes == Notes():
        problems.append(Problem("complaint", NOTHING))
    if problems:
        raise InvalidNotes(*problems)
    return notes


def problems_of(typed: Typed) -> tuple[Problem, ...]:
    """Return the problems of what was typed, in the order of the form."""
    try:
        read(typed)
    except InvalidNotes as refusal:
        return refusal.problems
    return ()


def typed_of(notes: Notes) -> dict[str, str]:
    """Return the notes as somebody would type them, to fill a form."""
    lines = (
        f"{diagnosis.code} {diagnosis.text}".strip() for diagnosis in notes.diagnoses
    )
    measured = {
        name: "" if value is None else vitals.written(value)
        for name, value in asdict(notes.vitals).items()
    }
    return {
        "complaint": notes.complaint,
        "findings": notes.findings,
        "diagnoses": "\n".join(lines),
        "plan": notes.plan,
        **measured,
    }


def is_empty(typed: Typed) -> bool:
    """Return whether nothing was typed at all."""
    return not any(text.strip() for text in typed.values())


def _read(typed: Typed, known: DiagnosisList) -> tuple[Notes, list[Problem]]:
    texts = {name: tidy(typed.get(name, "")) for name in TEXTS}
    problems = [problem for name in TEXTS for problem in _of_text(name, texts[name])]
    lines = filter(None, texts["diagnoses"].splitlines())
    diagnosed = tuple(diagnosis_of(line, known) for line in lines)
    problems += _of_diagnoses(diagnosed)
    measured: dict[str, float | None] = {}
    for vital in VITALS:
        try:
            measured[vital.name] = vitals.read(vital, typed.get(vital.name, ""))
        except NotMeasured as refusal:
            problems.append(Problem(vital.name, refusal.args[0]))
    problems += _of_pressure(measured)
    kept = {name: texts[name] for name in ("complaint", "findings", "plan")}
    return Notes(**kept, diagnoses=diagnosed, vitals=Vitals(**measured)), problems


def diagnosis_of(line: str, known: DiagnosisList) -> Diagnosis:
    """Parse a line that may begin with a code: "I10 High blood pressure"."""
    first, _, rest = line.strip().partition(" ")
    code = first.rstrip(":;,")
    if own := known.find_typed(code, rest.strip()):
        system = "" if own.system == diagnoses.SYSTEM else own.system
        return Diagnosis(own.code, rest.strip(), system)
    if not _CODE.fullmatch(code):
        return Diagnosis(text=line.strip())
    return Diagnosis(code.upper(), rest.strip())


def _of_text(name: str, text: str) -> Iterator[Problem]:
    if len(text) > LONGEST:
        yield Problem(
            name,
            Sentence(
                "{field} must have at most {most:,} characters.",
                field=Sentence(TEXTS[name]),
                most=LONGEST,
            ),
        )
    if not is_storable(text):
        yield Problem(
            name,
            Sentence(
                "{field} contains a character that cannot be stored.",
                field=Sentence(TEXTS[name]),
            ),
        )


def _of_diagnoses(diagnosed: tuple[Diagnosis, ...]) -> Iterator[Problem]:
    if len(diagnosed) > _MOST_DIAGNOSES:
        yield Problem(
            "diagnoses",
            Sentence(
                "Diagnoses: enter at most {most}, one per line.", most=_MOST_DIAGNOSES
            ),
        )
    if any(len(diagnosis.text) > _LONGEST_DIAGNOSIS for diagnosis in diagnosed):
        yield Problem(
            "diagnoses",
            Sentence(
                "Diagnoses has a line that is too long: at most {most} characters "
                "each.",
                most=_LONGEST_DIAGNOSIS,
            ),
        )


def _of_pressure(measured: Mapping[str, float | None]) -> Iterator[Problem]:
    """Check the two numbers of a blood pressure, which only count together."""
    if "systolic" not in measured or "diastolic" not in measured:
        return
    upper, lower = measured["systolic"], measured["diastolic"]
    if upper is not None and lower is not None and upper <= lower:
        yield Problem(
            "systolic",
            "Systolic pressure must be above the diastolic one; are they swapped?",
        )
    for name, value, other in (
        ("systolic", upper, lower),
        ("diastolic", lower, upper),
    ):
        if value is None and other is not None:
            yield Problem(
                name,
                Sentence(
                    "{field} is missing; enter both.",
                    field=Sentence(LABELS[name]),
                ),
            )
