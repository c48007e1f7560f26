"""Become another program: `python -I -S launch.py SIGNAL ACCOUNT PARENT PROGRAM ARGUMENT...`, in about 10 ms.

Two things must happen between fork and exec, in this order: give up root for good (ACCOUNT is `uid:gid`, or `-` to
stay), then ask Linux to send SIGNAL when the supervisor dies (a change of user forgets such a request). Doing them
here, not in a `preexec_fn`, keeps a forked copy of the supervisor from running Python code.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    signal, account, supervisor, program = int(arguments[0]), arguments[1], int(arguments[2]), arguments[3:]
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded while the folders can still be read
    if account != "-":
        uid, gid = (int(number) for number in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if libc:
        libc.prctl(PR_SET_PDEATHSIG, signal)
    if os.getppid() != supervisor:
        sys.exit("the supervisor died while this was starting")
    os.execv(program[0], program)  # noqa: S606 - there is no shell, which is the point


if __name__ == "__main__":
    main(sys.argv[1:])
