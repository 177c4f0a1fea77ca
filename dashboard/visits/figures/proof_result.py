"""What came of the proof that booking holds."""

import streamlit as st

from services.visits.booking.proving import Proof


def proof_result(proof: Proof) -> None:
    """Say who won, how many were refused, and how long it took."""
    sentence = (
        f"{proof.attempts} attempts at one slot from {proof.processes} processes: "
        f"{proof.won} won, {proof.lost} were told that it is booked."
    )
    if proof.holds:
        st.success(f"{sentence} Booking holds.", icon=":material/verified:")
    else:
        st.error(f"{sentence} Booking does not hold.", icon=":material/gpp_bad:")
    if proof.others:
        st.warning(f"{proof.others} were answered something else, which is a defect.")
    with st.container(horizontal=True):
        st.metric("Took", f"{proof.seconds:.1f} s", border=True, width=165)
        st.metric("Half within", f"{proof.p50_ms:.0f} ms", border=True, width=165)
        st.metric("99 % within", f"{proof.p99_ms:.0f} ms", border=True, width=165)
    if proof.winner:
        st.caption(f"Booking {proof.winner} had the slot, and nobody else.")
