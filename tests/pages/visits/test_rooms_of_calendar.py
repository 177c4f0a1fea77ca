"""A day of the calendar by room, made of the columns of those who work in each."""

import pytest

from dashboard.visits.calendar.rooms import by_room
from dashboard.visits.calendar.time_grid import GridBand, GridEntry, GridLane

MORNING, AFTERNOON = (480, 720), (780, 1020)
HOLIDAY = GridBand(720, 780, "Holiday")


def lane(
    doctor: str, stretch: tuple[int, int], *bands: GridBand, detail: str = ""
) -> GridLane:
    """Return the column of a doctor who works a stretch, with a visit at its start."""
    begins = stretch[0]
    visit = GridEntry(doctor, "visit", begins, begins + 20, "Ann", "Ann", detail)
    return GridLane(doctor, doctor, "Cardiology", (visit,), (stretch,), bands)


def test_who_share_a_room_one_after_the_other_share_a_column():
    lanes = [
        ("3", lane("Dora", AFTERNOON, HOLIDAY, detail="Cough")),
        ("3", lane("Emil", MORNING, HOLIDAY)),
    ]

    (room,) = by_room(lanes)

    assert (room.label, room.detail) == ("Room 3", "Dora, Emil")
    assert [entry.detail for entry in room.entries] == ["Emil", "Dora · Cough"]
    assert room.open == (MORNING, AFTERNOON)
    assert room.bands == (HOLIDAY,)


@pytest.mark.parametrize(
    "colleague",
    [
        pytest.param(lane("Emil", (700, 800)), id="works at the same time"),
        pytest.param(
            lane("Emil", AFTERNOON, GridBand(480, 500, "Blocked")), id="is away then"
        ),
    ],
)
def test_who_are_in_a_room_at_one_time_stand_beside_each_other(colleague):
    rooms = by_room([("3", lane("Dora", MORNING)), ("3", colleague)])

    assert [(room.label, room.detail) for room in rooms] == [
        ("Room 3", "Dora"),
        ("Room 3", "Emil"),
    ]


def test_rooms_are_in_order_and_who_has_none_is_last_and_alone():
    lanes = [
        (room, lane(f"Doctor {number}", stretch))
        for number, (room, stretch) in enumerate(
            [
                (None, MORNING),
                ("12", MORNING),
                ("9", MORNING),
                ("B 2", MORNING),
                (None, AFTERNOON),
            ]
        )
    ]

    assert [room.label for room in by_room(lanes)] == [
        "Room 9",
        "Room 12",
        "Room B 2",
        "No room",
        "No room",
    ]
