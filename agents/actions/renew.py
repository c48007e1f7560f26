"""`prepare_anew()`: what waits is looked up and judged once more. The same bytes with other facts are another revision."""

from agents import canonical
from agents.actions.checking import check_again
from agents.actions.rechecking import Glance, weigh
from agents.actions.revise import Prepared, asked_again, in_its_words, require_same_tool
from agents.binding import stored_arguments
from agents.errors import AlreadyDecided, Refusal
from agents.lifecycle import State
from agents.models import Action

RENEWED = "action.renewed"


class NothingNew(Refusal):
    code, status = "nothing_new", 409
    sentence = "What people decide on is as it was when it was proposed, and policy says nothing new: decide on it as it stands."


class SourceSilent(Refusal):
    code, status = "source_silent", 409
    sentence = "Something that was known doesn't answer just now, so it stays as it was. Try again in a minute."


class DeniedNow(Refusal):
    code, status = "policy_denies_now", 409
    sentence = "Policy denies it now, so it stays as it was and would be refused when it is to run. Reject it."


def prepare_anew(old: Action) -> Prepared:
    """Look up what is known of an action in review, for `revise` to put in its place; the arguments stay as they are.

    Takes up to the facts' deadline; call it outside a transaction. Whoever has it done wrote none of it, so they may sign
    it. Signatures are given up only where they would come to nothing: raises NothingNew unless the old revision would be
    refused when it is to run, or something is known now that wasn't; SourceSilent when something would be known no more;
    DeniedNow; UnknownTool and ToolStopped, and AlreadyDecided when the tool was redefined.
    """
    args = stored_arguments(old.payload)
    asked = asked_again(old, args)
    checked = check_again(old.agent, asked, args, called_before=old.snapshot.get("called", ()))
    require_same_tool(old, checked)
    if canonical.sha256_hex(checked.payload) != old.payload_digest:
        raise AlreadyDecided(
            "Its arguments aren't those that came in, so nobody takes it anew: reject it.", state=old.state
        )
    _require_worth_it(weigh(old, list(old.slots.all()), checked.gathered))
    return Prepared(
        old=old,
        checked=checked,
        words=in_its_words(old, asked),
        verb=RENEWED,
        reason="looked_up_anew",
        origins=(State.AWAITING_REVIEW,),
    )


def _require_worth_it(seen: Glance) -> None:
    if seen.silent:
        raise SourceSilent(f"Nobody could look up {', '.join(seen.silent)} just now, so it stays as it was. Try again.")
    if seen.denies:
        raise DeniedNow()
    if not seen.is_worth_renewing:
        raise NothingNew()
