"""What one run of a page leaves alone, so that it holds up no other."""

from streamlit.runtime.secrets import secrets_singleton

from tests.pages.conftest import Clinic


def test_nobody_looks_for_a_file_of_secrets_to_know_who_is_here(
    clinic: Clinic, monkeypatch
):
    looks = []
    real = secrets_singleton.load_if_toml_exists
    monkeypatch.setattr(
        type(secrets_singleton),
        "load_if_toml_exists",
        lambda _: looks.append(1) or real(),
    )

    app = clinic.open("patients")

    assert not app.exception
    assert not looks
