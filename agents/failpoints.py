"""Named places at which the fault tests stop a process for real. Without the variable they do nothing.

`COUNTERSIGN_FAILPOINT="after_call:/tmp/flag"`: the process that reaches the place takes the flag file away and kills
itself with SIGKILL. Without the file the place is passed, so one file is one crash.
"""

import os
import signal
from pathlib import Path

_NAME, _, _FLAG = os.environ.get("COUNTERSIGN_FAILPOINT", "").partition(":")


def reach(name: str) -> None:
    """Pass a named place, or die there when a fault test asked for it."""
    if name != _NAME:
        return
    try:
        Path(_FLAG).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
