"""The clinic's calendar on screen: days, visits in them, and what is done with one."""
