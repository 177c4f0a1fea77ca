"""Acting on the servers, on screen: what would be, what is refused, what is planned."""

from functools import partial

import pytest
from sqlalchemy import delete, select

from db.models import ClusterOperation
from services.actors import Role
from services.cluster_acts import SETTINGS

WHY = "Kernel update on db-01"


@pytest.fixture
def confirmed(at_desk):
    """Open a page as an administrator who has just used a passkey."""
    return partial(at_desk, role=Role.ADMIN)


@pytest.fixture(autouse=True)
def nothing_done(clinic):
    """Leave no operation behind for others."""
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
    assert not app.exception


def test_without_a_reason_nothing_is_begun(confirmed, clinic):
    app = confirmed("switchover")

    app.button(key="switchover_do").click().run()

    assert "Give the reason in at least 10 characters" in app.error[0].value
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
    """Open the page of a server of this role; return it with the buttons it has."""
    nodes = clinic.wiring.database.nodes()
    name = next(node.name for node in nodes if node.role == role)
    app = confirmed("one_server", node=name)
    assert app.selectbox(key="server_name").value == name
    assert not app.exception
    return app, {button.label for button in app.button}


def test_a_replica_says_what_can_be_done_to_it(confirmed, clinic):
    app, labels = server_page(confirmed, clinic, "replica")

    assert labels >= {"Rejoin", "Restart PostgreSQL", "Copy anew"}
    # Nobody can be asked to pause or remove what Chartroom has not started.
    assert not labels & {"Pause replay", "Remove this server", "Restart the primary"}
    assert any("disable --now patroni" in block.value for block in app.code)


def test_the_primary_says_that_a_switchover_is_gentler(confirmed, clinic):
    app, labels = server_page(confirmed, clinic, "primary")

    assert labels >= {"Restart the primary", "Change the primary"}
    assert not labels & {"Rejoin", "Copy anew"}
    assert "A switchover first is gentler" in words_on(app)


def test_each_setting_is_shown_with_its_effect(confirmed):
    app = confirmed("steering")

    shown = words_on(app)
    assert all(setting.effect in shown for setting in SETTINGS.values())
    assert app.number_input(key="steering_ttl_20").value == 20
    assert not app.exception


def test_a_delayed_standby_is_offered_as_late_as_the_settings_say(
    confirmed, clinic, monkeypatch
):
    monkeypatch.setattr("dashboard.acting.steering.is_embedded", lambda: True)
    monkeypatch.setitem(vars(clinic.wiring.settings), "delayed_minutes", 45)

    app = confirmed("steering")

    assert app.number_input(key="steering_replica_minutes").value == 45
    assert not app.exception


def test_settings_that_do_not_go_together_are_refused_in_words(confirmed, clinic):
    app = confirmed("steering")
    app.number_input(key="steering_retry_timeout_3").set_value(60)
    app.text_input(key="steering_settings_reason").input(WHY)

    app.button(key="steering_settings_do").click().run()

    assert "must be at least 121 s" in app.error[0].value
    assert operations(clinic) == []
