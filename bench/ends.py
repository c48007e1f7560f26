"""What a measurement starts and makes: ended when all is measured, and when something breaks off.

Not by `atexit`: Python waits for its threads before that, and they for what would be told to end there.
"""

from contextlib import ExitStack

ENDS = ExitStack()
