"""A tiny folder as Synthea writes it, about people made up for these tests."""

from pathlib import Path

ADA = "Id-Ada,1980-05-17,,Ada12,Byron345,F,12 Elm Road,Sutton,SU1 2AB"
BEN = "Id-Ben,1950-02-01,2019-06-30,Ben7,O'Hara88,M,3 Mill Lane,Sutton,SU1 3CD"
DORA = "Id-Dora,Dora5 D'Amore61,F,GENERAL PRACTICE,London"

_FILES = {
    "patients.csv": (
        "Id,BIRTHDATE,DEATHDATE,FIRST,LAST,GENDER,ADDRESS,CITY,ZIP",
        ADA,
        BEN,
    ),
    "allergies.csv": (
        "START,STOP,PATIENT,CODE,DESCRIPTION",
        "1990-03-01,,Id-Ada,1,Latex (substance)",
    ),
    "conditions.csv": (
        "START,STOP,PATIENT,CODE,DESCRIPTION",
        "2001-04-02,2001-05-02,Id-Ada,2,Pneumonia (disorder)",
        "2000-01-01,,Id-Ada,3,Asthma",
    ),
    "medications.csv": (
        "START,STOP,PATIENT,CODE,DESCRIPTION",
        "2012-07-07T03:41:29Z,,Id-Ada,4,Salbutamol inhaler",
    ),
    "providers.csv": ("Id,NAME,GENDER,SPECIALITY,CITY", DORA),
}


def write_folder(path: Path, **changed: list[str] | bytes) -> Path:
    """Write the folder; `patients=[...]` replaces the lines under that heading."""
    path.mkdir(exist_ok=True)
    for name, lines in _FILES.items():
        change = changed.get(name.removesuffix(".csv"), list(lines[1:]))
        if isinstance(change, bytes):
            content = lines[0].encode() + b"\n" + change
        else:
            content = "".join(f"{line}\n" for line in (lines[0], *change)).encode()
        (path / name).write_bytes(content)
    return path


def replace_heading(path: Path, heading: str) -> None:
    """Give a file another first line."""
    _, rest = path.read_text().split("\n", 1)
    path.write_text(f"{heading}\n{rest}")
