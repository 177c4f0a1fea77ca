"""Gives memory that Python has freed back to the system."""

import ctypes


def give_back() -> None:
    """Return what is free between what is used; blocks for some milliseconds.

    glibc returns single pieces of 32 MB and more by itself. Smaller ones it keeps for
    the next file of their size, which may never come: of 80 files of 3 MB,
    190 MB stayed when their page was gone. Elsewhere this does nothing.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
