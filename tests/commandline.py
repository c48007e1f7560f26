"""Running a command of ours as somebody at a shell would."""

import io

from django.core.management import CommandError, call_command


class Ended:
    """What a command said and how it ended."""

    def __init__(self, *words: str):
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command(*map(str, words), stdout=out, stderr=err)
            self.code = 0
        except SystemExit as end:
            self.code = end.code
        except CommandError:
            self.code = 2  # on a command line argparse ends with 2
        self.out, self.err = out.getvalue(), err.getvalue()
