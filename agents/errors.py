"""Refusals of the product: the class is the situation, its code is stable, its sentence says what to do next."""


class Refusal(Exception):
    """Something was refused for a reason the caller can act on.

    `code` (stable, snake_case) and `status` (HTTP) belong to the class; `detail` is the sentence, `errors` names the
    fields, `extra` carries what a machine needs (the current state, say). Nothing was written when it is raised.
    """

    code = "refused"
    status = 409
    sentence = "This can't be done now."

    def __init__(self, detail: str = "", *, errors: list[dict] | None = None, **extra):
        self.detail = detail or self.sentence
        self.errors = errors or []
        self.extra = extra
        super().__init__(self.detail)


# --- the way in


class UnknownTool(Refusal):
    code, status = "unknown_tool", 422
    sentence = "This agent has no such tool. Ask the agent's owner for a grant, or use a tool it has."


class InvalidArguments(Refusal):
    code, status = "invalid_arguments", 422
    sentence = "The arguments don't fit the tool's schema. Correct the fields named in errors."


class AgentNotEnabled(Refusal):
    code, status = "agent_not_enabled", 409
    sentence = "The agent isn't enabled. Its owner imports its file with `enabled: true` once it is ready."


class AgentStopped(Refusal):
    code, status = "agent_stopped", 409
    sentence = "The agent is stopped: it may propose nothing until a role holder resumes it."


class ToolStopped(Refusal):
    code, status = "tool_stopped", 409
    sentence = "The tool is stopped: nothing may be proposed with it until a role holder of its agent resumes it."


class TooManyArrivals(Refusal):
    code, status = "too_many_arrivals", 429
    sentence = "The agent proposed as many actions as it may in an hour. Its people look before it goes on."


class KeyInFlight(Refusal):
    code, status = "idempotency_key_in_flight", 409
    sentence = "A request with this Idempotency-Key is still being answered. Send the same request again in a moment."


class KeyReused(Refusal):
    code, status = "idempotency_key_reused", 422
    sentence = "This Idempotency-Key was used for a different request. Use a new key for a new request."


class NoSuchAction(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such action here, or it isn't yours to see."


class NoSuchAccount(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such person here, or they aren't yours to look up."


class NoSuchRun(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such run here, or it isn't yours to see."


class NoSuchAgent(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such agent here, or it isn't yours to see."


# --- moves


class AlreadyDecided(Refusal):
    code = "already_decided"
    sentence = "This action is no longer waiting: somebody or something was faster."


class Stale(Refusal):
    code = "stale"
    sentence = "The action changed since you looked. Read it again and decide on what stands there now."


class DecisionExpired(Refusal):
    code = "expired"
    sentence = "The time to decide is over: the action was rejected by expiry. Nothing has run."


# --- who may


class NotEligible(Refusal):
    code, status = "not_eligible", 403
    sentence = "You can't sign this action."


class TokenCannotDecide(Refusal):
    code, status = "token_cannot_decide", 403
    sentence = "A token can propose and read; only a person who is signed in can decide."


class ForPeopleOnly(Refusal):
    code, status = "for_people_only", 403
    sentence = "Only people who are signed in read this. A token reads its own actions, runs and agents."


class NotAllowed(Refusal):
    code, status = "not_allowed", 403
    sentence = "You may not do this."


class RiskBearing(Refusal):
    code, status = "risk_bearing_change", 409
    sentence = "The agent is enabled: what bears risk can't be edited in place. The operator imports a new agent file."


class NotReady(Refusal):
    code, status = "not_ready", 409
    sentence = "The agent isn't ready to be enabled."


class BusyValidating(Refusal):
    code, status = "busy_validating", 429
    sentence = (
        "A policy of yours, or as many as fit at once, is being validated. Send the same request again in a moment."
    )


class Invalid(Refusal):
    code, status = "invalid", 422
    sentence = "Something in the request is wrong; the errors name it."
