"""The clinic's calendar on screen: days, their visits, and the actions on one."""
