"""A full disk, in words: what everybody who writes says alike."""

import errno

from tributary.settings import KEEP_PUBLICATIONS

_SAID = ("No space left", "Disk quota exceeded", "max_temp_directory_size")
"""By the system, and by the engine where what it spills finds no room."""


def is_full(failed: str | BaseException) -> bool:
    """Whether an error, or what was said of one, is about a disk without any space left."""
    if isinstance(failed, OSError) and failed.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(words in str(failed) for words in _SAID)


def full_disk(where: object | None) -> str:
    """What to say of it.

    Args:
        where: a file or folder on the disk; None: it is not known.
    """
    of_it = f" of {where}" if where else ""
    return (
        f"The disk{of_it} is full. Free some space, or keep fewer publications "
        f"({KEEP_PUBLICATIONS}), and run again."
    )
