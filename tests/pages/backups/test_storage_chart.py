"""The space that backups use, drawn: nothing yet, by kind, and the copy elsewhere."""

import json
from datetime import timedelta

import pyarrow as pa
import pytest

from db.backups.storage.storage_notes import StorageSample, write_storage
from db.backups.storage.storage_use import StorageUse
from services.core.actors import Role
from tests.kit import backup_sets
from tests.pages.backups.conftest import said

HOUR = timedelta(hours=1)
FIRST = StorageUse(full=12_000_000, log=2_000_000, audit=500_000)
SECOND = StorageUse(full=12_000_000, incremental=900_000, log=4_000_000, audit=600_000)


@pytest.fixture
def noted(clinic, repository):
    """Two hours of recorded storage use of a repository that has a backup."""
    backup_sets.add_set(repository)
    write_storage(
        repository.folder,
        [
            StorageSample(backup_sets.AS_OF + HOUR, FIRST),
            StorageSample(backup_sets.AS_OF + 2 * HOUR, SECOND, StorageUse(full=7)),
            StorageSample(backup_sets.AS_OF + 3 * HOUR, SECOND, StorageUse(others=9)),
        ],
    )
    return repository


def charts(app):
    """Return the charts of storage use, without the one of times to go back to."""
    names = ("Size of the ", "Was die ")
    every = app.get("vega_lite_chart")
    return [each for each in every if each.proto.alt.startswith(names)]


def points(chart):
    with pa.ipc.open_stream(chart.proto.datasets[0].data.data) as stream:
        return stream.read_all().to_pylist()


def test_before_the_second_hour_the_page_says_when_it_is_drawn(clinic, repository):
    backup_sets.add_set(repository)

    app = clinic.open("backups", Role.ADMIN)

    assert "from the second hour on it is charted here" in said(app)
    assert charts(app) == []


def test_on_a_phone_the_legend_has_one_column(clinic, noted):
    (chart,) = charts(clinic.open("backups", Role.ADMIN))

    layers = json.loads(chart.proto.spec)["layer"]
    legends = [layer["encoding"]["color"]["legend"] for layer in layers]
    # Three side by side would not fit: all but the first are cut off, or gone.
    assert {legend["columns"]["expr"] for legend in legends} == {"width < 480 ? 1 : 3"}


def test_the_legend_takes_no_height_from_what_is_drawn(clinic, noted):
    (chart,) = charts(clinic.open("backups", Role.ADMIN))

    spec = json.loads(chart.proto.spec)
    # With "fit", axis and legend would be within the height.
    assert (spec["height"], spec["autosize"]["type"]) == (240, "fit-x")


def test_an_axis_of_more_than_a_year_names_the_years(clinic, repository):
    backup_sets.add_set(repository)
    for days, expected in ((300, "%-d %b"), (500, "%-d %b %Y")):
        first = backup_sets.AS_OF - timedelta(days=days)
        uses = zip((first, backup_sets.AS_OF), (FIRST, SECOND), strict=True)
        write_storage(
            repository.folder, [StorageSample(time, use) for time, use in uses]
        )

        (chart,) = charts(clinic.open("backups", Role.ADMIN))

        axes = [
            layer["encoding"]["x"]["axis"]
            for layer in json.loads(chart.proto.spec)["layer"]
        ]
        assert {axis["format"] for axis in axes} == {expected}


def test_each_kind_is_drawn_from_hour_to_hour(clinic, noted):
    app = clinic.open("backups", Role.ADMIN)

    (chart,) = charts(app)
    drawn = points(chart)
    kinds = ["Full backups", "Incremental backups", "Log", "Audit log"]
    assert [each["kind"] for each in drawn] == kinds * 3
    assert [each["bytes"] for each in drawn[:4]] == [12_000_000, 0, 2_000_000, 500_000]
    assert drawn[5]["size"] == "900 kB"
    assert chart.proto.alt == (
        "Size of the backups, from 25 Nov 2026, 03:00 to 25 Nov 2026, 05:00. Full "
        "backups: 12.0 MB, Incremental backups: 900 kB, Log: 4.0 MB, Audit log: 600 kB."
    )
    assert "Size of the backups: 17.5 MB" in said(app)


def test_the_copy_elsewhere_is_drawn_where_one_is_kept(clinic, noted, monkeypatch):
    copied = {"backup_s3_url": "s3://clinic/backups"}
    changed = clinic.wiring.settings.model_copy(update=copied)
    monkeypatch.setattr(clinic.wiring, "settings", changed)

    app = clinic.open("backups", Role.ADMIN)

    _here, there = charts(app)
    assert [(each["kind"], each["bytes"]) for each in points(there)] == [
        ("Full backups", 7),
        ("Other backups", 0),
        ("Full backups", 0),
        ("Other backups", 9),
    ]
    assert "Size of the copy elsewhere: 9 B" in said(app)


def test_it_is_drawn_in_german(clinic, noted):
    clinic.speak_german(Role.ADMIN)

    app = clinic.open("backups", Role.ADMIN)

    (chart,) = charts(app)
    assert points(chart)[0]["kind"] == "Vollsicherungen"
