"""Inputs and tables that pages are made of; they save nothing."""
