"""What no run may pass, whatever its budget says, and the one way to say that it came to an end of its own."""

from agents.budgets import BudgetExhausted
from agents.lifecycle import RunState
from agents.models import RunStep
from agents.runs.ending import Ended

#: Steps of one run.
MOST_STEPS = 500
#: Calls wanted in one step.
MOST_CALLS = 20
#: How often the very same call may be wanted before it counts as going round in circles.
MOST_REPEATS = 3
#: Attempts at one step before the run is set apart: it kills its workers, or fails whatever happens.
MOST_TRIES = 3
#: Bytes of what a runtime remembers, or puts out.
MOST_BYTES = 256 * 1024


class Over(Exception):
    """The run ends here, as `ended` says. Raised outside any transaction that should stay."""

    def __init__(self, ended: Ended):
        self.ended = ended
        super().__init__(ended.code)


def quarantined(step: RunStep, why: str) -> Ended:
    """Return the end of a run that is set apart."""
    detail = f"Step {step.number} was tried {MOST_TRIES} times: {why}."
    return Ended(RunState.QUARANTINED, "step_keeps_failing", detail, {"step": step.number})


def failed(code: str, detail: str) -> Over:
    """Return the end of a run that can't go on."""
    return Over(Ended(RunState.FAILED, code, detail))


def overspent(refusal: BudgetExhausted) -> Over:
    """Return the end of a run whose budget doesn't hold what comes next. Nothing of that has happened."""
    return Over(Ended(RunState.BUDGET_EXCEEDED, refusal.code, refusal.detail, dict(refusal.extra)))
