"""Forms that are emptied once their input is accepted, and not before.

Streamlit's own way (`clear_on_submit`) empties a form whatever the outcome, so that
anybody who was refused had to type everything again.
"""

import streamlit as st


def key_in(form: str, name: str) -> str:
    """Return the key of a field in the form's current turn.

    It ends with the field's name, by which problems are matched to the field.
    """
    turn = st.session_state.get(_turns(form), 0)
    return f"{form}_{turn}_{name}" if turn else f"{form}_{name}"


def clear(form: str) -> None:
    """Empty the form the next time that it is drawn."""
    st.session_state[_turns(form)] = st.session_state.get(_turns(form), 0) + 1


def clear_unless_about(form: str, whose: object) -> None:
    """Empty the form, before it is drawn, if it was about somebody else until now."""
    key = f"{form}_whose"
    if st.session_state.setdefault(key, whose) != whose:
        st.session_state[key] = whose
        clear(form)


def _turns(form: str) -> str:
    return f"{form}_turns"
