"""Figures of visits, and what is cached of them."""
