"""What the pages of many people share, and what each person has alone."""

from streamlit.testing.v1 import AppTest

from tests.kit import cast


def _list_pages(actor):
    import streamlit as st

    from dashboard.navigation import pages_for

    st.session_state["pages"] = pages_for(actor)


def _pages_of(member):
    app = AppTest.from_function(
        _list_pages, kwargs={"actor": cast.act_as(member)}, default_timeout=30
    ).run()
    assert not app.exception
    return app.session_state["pages"]


def test_a_page_file_is_looked_up_once_for_everybody():
    rosas, cleos = _pages_of(cast.ROSA), _pages_of(cast.CLEO)

    # All but the account, which has the person's name.
    shared = [mine for mine in rosas if any(mine._page is it._page for it in cleos)]
    assert len(shared) == len(rosas) - 1
    assert rosas[0]._page.is_file()


def test_a_page_runs_for_the_person_who_opened_it_alone():
    """Streamlit notes in the page itself that it is the one to run, and once."""
    rosas, cleos = _pages_of(cast.ROSA), _pages_of(cast.CLEO)

    rosas[0]._can_be_called = True

    assert not cleos[0]._can_be_called
    assert not _pages_of(cast.ROSA)[0]._can_be_called


def test_the_first_page_of_a_patient_is_nobody_elses_home():
    mayas, amaras = _pages_of(cast.MAYA), _pages_of(cast.AMARA)

    mayas[0]._default = True

    assert [page.title for page in amaras if page._default] == ["Home"]
    assert not [page for page in _pages_of(cast.MAYA) if page._default]


def test_the_account_has_the_persons_own_name():
    def account(member):
        (page,) = (it for it in _pages_of(member) if it.url_path == "account")
        return page.title

    assert account(cast.ROSA) == cast.ROSA.name
    assert account(cast.CLEO) == cast.CLEO.name
    assert account(cast.MAYA) == "Account"
