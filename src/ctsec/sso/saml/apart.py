"""Documents of others are read in a thread of their own.

libxml2 keeps every name that it meets, of elements, attributes and prefixes, in a dictionary of the thread, as long as the thread lives:
whoever sends a message with new names at each attempt would fill the memory of a process whose threads stay (measured: 0.24 MB for a
message of 160 KB, for good). A thread that ends takes its dictionary with it.

Rules that this module keeps:

- nothing that libxml2 has made leaves the thread: what comes back is a record of plain values;
- what is raised there is raised here.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")


def apart(work: Callable[[], Made]) -> Made:
    """Return what `work` returns in a thread that lives no longer than it; raise what it raises."""
    made: list[Made] = []
    raised: list[BaseException] = []
    done = allocate_lock()

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            raised.append(error)

        finally:
            done.release()

    # What `threading.Thread` does besides costs as much as the thread: half of a tenth of a millisecond.
    done.acquire()
    start_new_thread(run, ())
    done.acquire()
    if raised:
        raise raised.pop()
    return made.pop()
