"""Booking a visit without an account: pages for people who are no patients yet."""

from dashboard.sign_in.booking.booking_pages import routes as routes
from dashboard.sign_in.booking.visitors import BOOKING_PATH as BOOKING_PATH
