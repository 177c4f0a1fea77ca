"""Dashboards on the screen: their cards, the one filter, and what is done with them."""
