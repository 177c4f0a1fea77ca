"""Visits: from the booking to the waiting room and what became of them."""
