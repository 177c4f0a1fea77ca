"""Operations on the servers, on screen: previewed, refused, planned."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import delete, select

from db.models.replication import ClusterOperation
from services.cluster.operations import SETTINGS, OperationKind, OperationRequest
from services.core.actors import Role
from tests.pages.document_samples import press

WHY = "Kernel update on db-01"


@pytest.fixture(autouse=True)
def nothing_done(clinic):
    """Remove the test's operations afterwards."""
    yield
    clinic.write(lambda session: session.execute(delete(ClusterOperation)))


def words_on(app):
    return " ".join(
        text.value for text in (*app.markdown, *app.caption, *app.warning, *app.error)
    )


def operations(clinic):
    return clinic.write(lambda session: list(session.scalars(select(ClusterOperation))))


def test_before_the_click_it_says_who_is_best_and_what_would_be_lost(confirmed):
    app = confirmed("switchover")

    assert "leads now, on timeline" in words_on(app)
    assert "Best next: **db-" in words_on(app)
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Log lost"] == "0 bytes"
    assert shown["Seconds lost"] == "0.0 s"
    assert len(app.radio(key="switchover_to").options) == 2


def test_without_a_reason_nothing_is_begun(confirmed, clinic):
    app = confirmed("switchover")

    app.button(key="switchover_do").click().run()

    assert "Enter a reason of at least 10 characters" in app.error[0].value
    assert operations(clinic) == []


def test_without_a_passkey_nothing_is_begun(at_desk, clinic):
    app = at_desk("switchover", Role.ADMIN, method="code")
    app.text_input(key="switchover_reason").input(WHY).run()

    app.button(key="switchover_do").click().run()

    assert "needs a passkey" in words_on(app)
    assert "Confirm that it is you" in app.error[0].value
    assert operations(clinic) == []


def test_a_switchover_is_planned_shown_and_cancelled(confirmed, clinic):
    app = confirmed("switchover")
    app.radio(key="switchover_when").set_value("At a time").run()
    app.text_input(key="switchover_reason").input(WHY).run()

    app.button(key="switchover_do").click().run()

    (planned,) = operations(clinic)
    assert (planned.state, planned.reason) == ("scheduled", WHY)
    assert "is planned for" in words_on(app)

    app.button(key="switchover_cancel").click().run()

    assert operations(clinic)[0].state == "cancelled"
    assert "is planned for" not in words_on(app)


def server_page(confirmed, clinic, role):
    """Open the page of a server with this role; return it with its buttons' labels."""
    nodes = clinic.wiring.database.nodes()
    name = next(node.name for node in nodes if node.role == role)
    app = confirmed("one_server", node=name)
    assert app.selectbox(key="server_name").value == name
    return app, {button.label for button in app.button}


def test_a_replica_says_what_can_be_done_to_it(confirmed, clinic):
    app, labels = server_page(confirmed, clinic, "replica")

    assert labels >= {"Rejoin", "Restart PostgreSQL", "Copy anew"}
    # Only servers that Chartroom has started can be paused or removed.
    assert not labels & {"Pause replay", "Remove this server", "Restart the primary"}
    assert any("disable --now patroni" in block.value for block in app.code)


def test_the_primary_says_that_a_switchover_is_gentler(confirmed, clinic):
    app, labels = server_page(confirmed, clinic, "primary")

    assert labels >= {"Restart the primary", "Change the primary"}
    assert not labels & {"Rejoin", "Copy anew"}
    assert "Switch over first to avoid that" in words_on(app)


def test_each_setting_is_shown_with_its_effect(confirmed):
    app = confirmed("steering")

    shown = words_on(app)
    assert all(setting.effect in shown for setting in SETTINGS.values())
    assert app.number_input(key="steering_ttl_20").value == 20


def test_a_delayed_standby_is_offered_as_late_as_the_settings_say(
    confirmed, clinic, monkeypatch
):
    monkeypatch.setattr(
        "dashboard.cluster.operations.steering.is_embedded", lambda: True
    )
    monkeypatch.setitem(vars(clinic.wiring.settings), "delayed_minutes", 45)

    app = confirmed("steering")

    assert app.number_input(key="steering_replica_minutes").value == 45


def test_settings_that_do_not_go_together_are_refused_in_words(confirmed, clinic):
    app = confirmed("steering")
    app.number_input(key="steering_retry_timeout_3").set_value(60)
    app.text_input(key="steering_settings_reason").input(WHY)
    (between_looks,) = (
        int(field.value)
        for field in app.number_input
        if field.key and field.key.startswith("steering_loop_wait_")
    )

    app.button(key="steering_settings_do").click().run()

    assert f"must be at least {between_looks + 2 * 60} s" in app.error[0].value
    assert operations(clinic) == []


def test_a_refusal_leaves_the_other_forms_where_they_are(confirmed, clinic):
    app = confirmed("steering")
    app.text_input(key="steering_automatic_reason").input("short")

    app.button(key="steering_automatic_do").click().run()

    assert "Enter a reason of at least 10 characters" in app.error[0].value
    assert app.text_input(key="steering_automatic_reason").value == "short"
    assert app.button(key="steering_settings_do").label == "Change settings"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (9999, "ttl (seconds) must be between 20 and 600."),
        (None, "ttl (seconds) is empty. Type a number."),
    ],
)
def test_a_setting_out_of_its_bounds_is_refused_in_words(
    confirmed, clinic, typed, said
):
    app = confirmed("steering")
    app.number_input(key="steering_ttl_20").set_value(typed)
    app.text_input(key="steering_settings_reason").input(WHY)

    app.button(key="steering_settings_do").click().run()

    assert app.error[0].value == said
    assert app.number_input(key="steering_ttl_20").value == typed
    # The form below is there as well.
    assert app.button(key="steering_automatic_do")
    assert operations(clinic) == []


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "at most a week (10080 minutes)"),
        (-5, "at most a week (10080 minutes)"),
        (7 * 24 * 60 + 1, "at most a week (10080 minutes)"),
        (1e307, "at most a week (10080 minutes)"),
        (None, "Minutes behind, if delayed is empty. Type a number."),
    ],
)
def test_an_impossible_delay_makes_no_replica(
    confirmed, clinic, monkeypatch, minutes, said
):
    monkeypatch.setattr(
        "dashboard.cluster.operations.steering.is_embedded", lambda: True
    )
    app = confirmed("steering")
    app.toggle(key="steering_replica_late").set_value(True)
    app.number_input(key="steering_replica_minutes").set_value(minutes)
    app.text_input(key="steering_replica_reason").input(WHY)

    app.button(key="steering_replica_do").click().run()

    assert said in app.error[0].value
    assert app.number_input(key="steering_replica_minutes").value == minutes
    assert operations(clinic) == []


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("date_input", "Day is empty. Choose a day."),
        ("time_input", "Time is empty. Type a time."),
    ],
)
def test_a_time_of_a_switchover_that_was_emptied_is_asked_for(
    confirmed, clinic, field, said
):
    app = confirmed("switchover")
    app.radio(key="switchover_when").set_value("At a time").run()
    getattr(app, field)[0].set_value(None)
    app.text_input(key="switchover_reason").input(WHY).run()

    app.button(key="switchover_do").click().run()

    assert [each.value for each in app.error] == [said]
    assert app.text_input(key="switchover_reason").value == WHY
    assert operations(clinic) == []


@pytest.mark.parametrize(
    ("days", "wrong"),
    [
        (-1, "has passed"),
        (31, "too far ahead"),
        # Further than ten years, which is where Streamlit's fields end by themselves.
        (4000, "too far ahead"),
    ],
)
def test_a_time_that_cannot_be_is_told_from_one_too_far(confirmed, clinic, days, wrong):
    app = confirmed("switchover")
    app.radio(key="switchover_when").set_value("At a time").run()
    day = app.date_input(key="switchover_scheduled_at")
    day.set_value(day.value + timedelta(days=days)).run()
    app.text_input(key="switchover_reason").input(WHY).run()

    app.button(key="switchover_do").click().run()

    assert wrong in app.error[0].value
    assert app.text_input(key="switchover_reason").value == WHY
    assert operations(clinic) == []


def test_a_switchover_is_not_planned_for_a_time_that_clocks_skip(
    confirmed, clinic, monkeypatch
):
    berlin = clinic.wiring.settings.model_copy(update={"timezone": "Europe/Berlin"})
    monkeypatch.setattr(clinic.wiring, "settings", berlin)
    app = confirmed("switchover")
    app.radio(key="switchover_when").set_value("At a time").run()
    app.date_input(key="switchover_scheduled_at").set_value(date(2040, 3, 25))
    app.time_input(key="switchover_scheduled_at_time").set_value(time(2, 30))
    app.text_input(key="switchover_reason").input(WHY).run()

    app.button(key="switchover_do").click().run()

    said = "Time: there is no 02:30 on 25 March 2040, because clocks go forward."
    assert app.error[0].value == f"{said} Type another time."
    assert operations(clinic) == []


def test_a_refused_operation_leaves_the_others_to_choose_from(confirmed, clinic):
    app, labels = server_page(confirmed, clinic, "replica")

    app.button(key="server_rejoin").click().run()

    assert "Enter a reason of at least 10 characters" in app.error[0].value
    assert {button.label for button in app.button} == labels


def test_whose_data_would_be_thrown_away_is_asked_about_first(
    confirmed, clinic, monkeypatch
):
    given = []
    monkeypatch.setattr(
        "dashboard.cluster.operations.server_operations.start_operation", given.append
    )
    app, _ = server_page(confirmed, clinic, "replica")
    name = app.selectbox(key="server_name").value
    app.text_input(key="server_reason").input(WHY).run()

    app.button(key="server_reinit").click().run()

    assert given == []
    assert "What only this server has is permanently lost" in words_on(app)

    press(app, "server_reinit", "server_reinit_confirm")

    assert given == [OperationRequest(OperationKind.REINIT, WHY, name)]


def test_nobody_is_asked_about_what_has_no_reason(confirmed, clinic):
    app, labels = server_page(confirmed, clinic, "replica")

    app.button(key="server_reinit").click().run()

    assert "Enter a reason of at least 10 characters" in app.error[0].value
    assert {button.label for button in app.button} == labels


def test_an_address_of_no_server_says_that_another_one_is_shown(confirmed):
    app = confirmed("one_server", node="db-99")

    shown = app.selectbox(key="server_name").value
    assert app.warning[0].value.startswith("There is no server db")
    assert f"this is {shown}" in app.warning[0].value
