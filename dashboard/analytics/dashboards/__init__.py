"""Dashboards on the screen: their cards, their one filter, and the actions on them."""
