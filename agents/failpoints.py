"""Named places at which the fault tests stop a process for real. Without the variable they do nothing.

`COUNTERSIGN_FAILPOINTS=/some/folder`: the process that reaches a place whose name is a file in that folder takes the file
away. An empty file kills the process with SIGKILL; a number in it lets the process stand still for so many seconds, past
its lease for instance. One file is one fault.
"""

import os
import signal
import time
from pathlib import Path

_FOLDER = os.environ.get("COUNTERSIGN_FAILPOINTS", "")

#: Every place there is, in the order in which a run comes by: before and after what is committed, called or sent.
PLACES = (
    "in_enqueue",
    "before_lease",
    "after_lease",
    "before_step",
    "after_step",
    "after_step_written",
    "before_propose",
    "after_propose",
    "before_claim",
    "after_claim",
    "before_call",
    "after_call",
    "after_record",
    "before_delegate",
    "after_delegate",
    "before_verify",
    "after_turn",
    "before_end",
    "in_end",
    "after_end",
    "after_cancel",
    "before_look",
    "after_look",
)


def reach(name: str) -> None:
    """Pass a named place, or stop there when a fault test asked for it."""
    if not _FOLDER:
        return
    order = Path(_FOLDER) / name
    try:
        seconds = order.read_text()
        order.unlink()
    except FileNotFoundError:
        return
    if seconds:
        time.sleep(float(seconds))
    else:
        os.kill(os.getpid(), signal.SIGKILL)
