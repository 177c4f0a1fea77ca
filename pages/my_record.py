"""A patient's own record, to be read."""

import streamlit as st

from dashboard.booking.of_patient import next_visits
