"""Every call of the API, by method and address: who may make it, what it takes, what it answers.

The bodies are the very tables that the doors read by. A call that isn't here fails the schema, and so its test.
"""

from agents.lifecycle import RunState, State
from agents.rest import actions, agents, policies, runs
from approvals.queue import asked
from approvals.rest import deciding, decisions, queue, staffing
from approvals.search import asked as searched
from audit import verbs
from controlplane.openapi.declaring import ID, TEXT, TIME, Call, Query, one_of

AGENT, CLIENT, PEOPLE = "agent", "client", "people"
EVERYBODY = (AGENT, CLIENT, PEOPLE)

_SLUG = {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}
_AGENT = Query("agent", TEXT, "an agent's slug")
_WAIT = Query("wait", {"type": "integer", "minimum": 0, "maximum": 60}, "whole seconds to wait for news")
_PLACE = Query("cursor", ID, "from `next` of the page before")
_START = Query("start", {"type": "integer", "minimum": 0}, "from `next` of the window before")
_DAY = {"type": "string", "format": "date"}
_MANY = "several with commas between"
_WHY = "Who owned it, what it was allowed to do, and why it passed: from events alone."

_MOVED = ("already_decided", "expired", "stale")
_STOPPED = ("already_stopped", "not_stopped", "everything_stopped", "not_allowed")
_GATE = (
    "unknown_tool", "invalid_arguments", "agent_not_enabled", "agent_stopped", "tool_stopped", "not_ready",
    "too_many_arrivals", "budget_exceeded",
)  # fmt: skip
_EDIT = (*_MOVED, "not_eligible", "already_voted", "policy_moved", *_GATE)
_SIGN = (
    *_MOVED, "not_eligible", "already_voted", "brief_incomplete", "step_up_needed", "passkey_refused", "no_passkey",
    "passkeys_not_here",
)  # fmt: skip

CALLS: dict[tuple[str, str], Call] = {
    # actions
    ("POST", "actions/"): Call(
        "propose_actions", "An agent asks to use one of its tools.", (AGENT,),
        {201: "Action", 202: "Action"}, actions.PROPOSAL, ("not_allowed", *_GATE), key="required", located=True,
    ),
    ("GET", "actions/"): Call(
        "list_actions", "The actions the reader may see, newest first.", EVERYBODY, {200: "ActionPage"},
        query=(
            Query("state", one_of(State.values)), _AGENT, Query("tool", TEXT, "a tool's name"),
            Query("tier", {"type": "integer", "minimum": 0, "maximum": actions.MOST_TIER}, "the tier it counts as"),
            Query("run", ID), Query("proposed_by", one_of(["me"]), "what the reader asked for"), _PLACE,
        ),
    ),
    ("GET", "actions/{action_id}/"): Call("read_actions", "One action.", EVERYBODY, {200: "Action"}),
    ("POST", "actions/{action_id}/withdraw/"): Call(
        "withdraw_actions", "Whoever proposed it takes it back.", EVERYBODY, {200: "Action"}, actions.NOTHING,
        ("already_decided", "not_allowed"),
    ),
    ("GET", "actions/{action_id}/decision/"): Call(
        "await_actions", "What was decided, or as soon as it is.", EVERYBODY, {200: "Decided"}, query=(_WAIT,)
    ),
    ("GET", "actions/{action_id}/dossier/"): Call("explain_actions", _WHY, (PEOPLE,), {200: "Dossier"}, query=(_START,)),
    ("GET", "actions/{action_id}/questions/"): Call(
        "read_questions", "What was asked about it, and the answers.", EVERYBODY, {200: "Questions"}
    ),
    ("POST", "actions/{action_id}/questions/"): Call(
        "ask_questions", "Changes are asked for: the action goes back.", (PEOPLE,), {201: "Question"},
        deciding.QUESTION, (*_MOVED, "not_eligible", "already_voted", "no_more_rounds"), key="taken",
    ),
    ("POST", "actions/{action_id}/answer/"): Call(
        "answer_questions", "What was asked is answered: the same bytes are back in review.", EVERYBODY,
        {200: "Question"}, deciding.ANSWER, ("already_decided", "expired", "not_allowed"),
    ),
    # deciding
    ("POST", "actions/{action_id}/decisions/"): Call(
        "decide_decisions", "One person approves or rejects what they read.", (PEOPLE,), {201: "Receipt"},
        decisions.DECISION, _SIGN, key="taken",
    ),
    ("POST", "actions/{action_id}/passkey-challenge/"): Call(
        "challenge_decisions", "What a browser needs for one touch of a passkey.", (PEOPLE,),
        {200: "PasskeyChallenge"}, decisions.BOUND, ("stale", "no_passkey", "passkeys_not_here"),
    ),
    ("POST", "actions/{action_id}/decisions/{decision_id}/withdraw/"): Call(
        "withdraw_decisions", "A signature is taken back, until the last slot is filled.", (PEOPLE,),
        {200: "Receipt"}, deciding.NOTHING, ("already_decided", "already_withdrawn", "expired", "not_allowed", "not_eligible"),
    ),
    ("POST", "decisions/"): Call(
        "decide_together_decisions", "One word on several alike of tier 2.", (PEOPLE,), {200: "Results"},
        deciding.TOGETHER, ("not_together", "not_eligible"),
    ),
    ("POST", "actions/{action_id}/revisions/"): Call(
        "revise_actions", "Edited arguments take the place of what waits.", (PEOPLE,), {201: "Revised"},
        deciding.REVISION, (*_EDIT, "edit_denied", "brief_incomplete"), key="taken",
    ),
    ("POST", "actions/{action_id}/renew/"): Call(
        "renew_actions", "What waits is looked up and judged anew.", (PEOPLE,), {201: "Action"}, decisions.BOUND,
        (*_EDIT, "nothing_new", "source_silent", "policy_denies_now", "renewed_too_soon"), key="taken",
    ),
    ("POST", "actions/{action_id}/undo/"): Call(
        "undo_actions", "The tool that undoes it is proposed, for others to sign.", (PEOPLE,),
        {201: "Action", 202: "Action"}, deciding.UNDO, ("not_allowed", "no_undo", "undone_already", *_GATE),
        key="required",
    ),
    ("POST", "actions/{action_id}/handover/"): Call(
        "hand_handovers", "It is handed to one person who may sign it.", (PEOPLE,), {201: "Handover"},
        deciding.HANDOVER, (*_MOVED, "not_eligible", "already_voted", "handed_already"), key="taken",
    ),
    ("POST", "actions/{action_id}/handover/answer/"): Call(
        "answer_handovers", "Whoever it was handed to takes it, or doesn't.", (PEOPLE,), {200: "Handover"},
        deciding.HANDOVER_ANSWER, ("nothing_handed", "not_allowed"),
    ),
    # the desk
    ("GET", "queue/"): Call(
        "read_queue", "What is before the person who asks.", (PEOPLE,), {200: "Queue"},
        query=(
            Query("section", one_of(asked.SECTIONS)), Query("tier", TEXT, _MANY), Query("agent", TEXT, _MANY),
            Query("tool", TEXT, _MANY), Query("rule", TEXT, _MANY), Query("due", one_of(asked.DUES)),
            Query("claimed", one_of(asked.CLAIMS)), Query("from", TEXT, "an amount at least"),
            Query("to", TEXT, "an amount at most"), Query("q", TEXT, "words"), Query("sort", one_of(asked.SORTS)),
            Query("group", one_of(asked.GROUPS)),
        ),
    ),
    ("POST", "actions/{action_id}/claim/"): Call(
        "claim_queue", "The slot is theirs to work on for ten minutes.", (PEOPLE,), {201: "Claim"}, queue.CLAIM,
        ("already_decided", "expired", "not_eligible", "claim_held"), key="taken",
    ),
    ("POST", "actions/{action_id}/release/"): Call(
        "release_queue", "They let go of it.", (PEOPLE,), {204: None}, queue.NOTHING
    ),
    ("POST", "actions/{action_id}/escalate/"): Call(
        "escalate_queue", "The next rung is told, with a reason.", (PEOPLE,), {201: "Escalation"}, staffing.REASON,
        ("already_decided", "expired", "not_allowed", "no_further_rung"), key="taken",
    ),
    ("GET", "absences/"): Call("list_absences", "One's own, and whom one stands in for.", (PEOPLE,), {200: "Absences"}),
    ("POST", "absences/"): Call(
        "declare_absences", "To be away, from now on or `since`.", (PEOPLE,), {201: "Absence"}, staffing.ABSENCE,
        key="taken",
    ),
    ("DELETE", "absences/{absence_id}/"): Call(
        "end_absences", "One is back, or it is called off.", (PEOPLE,), {200: "Absence"}
    ),
    # runs
    ("POST", "runs/"): Call(
        "enqueue_runs", "A task enters the queue of an agent.", (CLIENT,), {202: "Run"}, runs.TASK,
        ("not_allowed", "agent_not_enabled", "agent_stopped", "agent_runs_elsewhere"), key="required", located=True,
    ),
    ("GET", "runs/"): Call(
        "list_runs", "The runs the reader may see, newest first.", EVERYBODY, {200: "RunPage"},
        query=(_AGENT, Query("state", one_of(RunState.values)), _PLACE),
    ),
    ("GET", "runs/{run_id}/"): Call(
        "read_runs", "One run, or as soon as it has ended.", EVERYBODY, {200: "Run"}, query=(_WAIT,)
    ),
    ("GET", "runs/{run_id}/dossier/"): Call("explain_runs", _WHY, (PEOPLE,), {200: "Dossier"}, query=(_START,)),
    ("POST", "runs/{run_id}/cancel/"): Call(
        "cancel_runs", "It ends, and what it handed on.", EVERYBODY, {200: "Run"}, runs.WHY,
        ("already_decided", "not_allowed"),
    ),
    ("POST", "runs/{run_id}/outcome/"): Call(
        "report_runs", "What it came to in the world, once it has ended.", EVERYBODY, {201: "Outcome"},
        runs.OUTCOME, ("run_not_ended", "not_allowed"), key="taken",
    ),
    ("POST", "runs/{run_id}/stop/"): Call(
        "stop_runs", "It stands still until somebody lets it go on.", (PEOPLE,), {200: "Run"}, runs.REASON,
        ("already_decided", *_STOPPED),
    ),
    ("POST", "runs/{run_id}/resume/"): Call(
        "resume_runs", "Somebody else lets it go on.", (PEOPLE,), {200: "Run"}, runs.REASON,
        ("already_decided", *_STOPPED),
    ),
    # the registry
    ("GET", "agents/"): Call(
        "list_agents", "The agents the reader may see, by slug.", EVERYBODY, {200: "AgentPage"},
        query=(Query("cursor", _SLUG, _PLACE.about),),
    ),
    ("GET", "agents/{slug}/"): Call("read_agents", "What it may do and where it stands.", EVERYBODY, {200: "Agent"}),
    ("POST", "agents/{slug}/stop/"): Call(
        "stop_agents", "Nothing of it begins any more; what is open goes on hold.", (PEOPLE,),
        {200: "StoppedAgent"}, agents.REASON, _STOPPED,
    ),
    ("POST", "agents/{slug}/resume/"): Call(
        "resume_agents", "Somebody else with a role of it lets it go on.", (PEOPLE,), {200: "ResumedAgent"},
        agents.REASON, _STOPPED,
    ),
    ("GET", "agents/{slug}/readiness/"): Call(
        "inspect_agents", "What it still needs before it may be enabled.", (PEOPLE,), {200: "Readiness"},
        problems=("asked_too_soon",),
    ),
    ("GET", "agents/{slug}/dossier/"): Call("explain_agents", _WHY, (PEOPLE,), {200: "Dossier"}, query=(_START,)),
    ("GET", "people/{username}/dossier/"): Call(
        "explain_people", "What somebody did, for themselves and whoever may read all.", (PEOPLE,), {200: "Dossier"},
        query=(_START,),
    ),
    ("POST", "policies/validate/"): Call(
        "validate_policies", "What a policy says for an agent's tools, or all that is wrong with it.", (PEOPLE,),
        {200: "Validation"}, policies.TRIED, ("busy_validating",), reads=True,
    ),
    ("GET", "search/"): Call(
        "search_record", "Actions, tasks and what came back, by their words.", (PEOPLE,), {200: "Found"},
        problems=("search_too_wide",),
        query=(
            Query("q", TEXT, "words, at least one of two letters or digits"), Query("kind", one_of(searched.KINDS)), _AGENT,
            Query("tool", TEXT, "a tool's name"), Query("state", one_of(searched.STATES)),
            Query("tier", one_of(searched.TIERS)), Query("since", _DAY, "a day in the reader's zone"),
            Query("until", _DAY, "the same, included"), Query("before", TEXT, "from `next` of the page before"),
        ),
    ),
    ("GET", "audit/events/"): Call(
        "list_events", "What happened to what the reader sees, newest first.", (PEOPLE,), {200: "EventPage"},
        query=(
            Query("verb", one_of(verbs.VERBS)), Query("subject", TEXT, "kind:id, like `action:0197...`"),
            Query("since", TIME), Query("until", TIME), Query("cursor", {"type": "integer", "minimum": 0}, _PLACE.about),
        ),
    ),
}  # fmt: skip
