"""The nouns, one a file."""

from agents.models.action import Action, ActionContent, MoveAllowed
from agents.models.agent import Agent, AgentGroupObjectPermission, AgentRole, AgentUserObjectPermission
from agents.models.limit import LimitEntry, LimitUsage
from agents.models.person import Human, Person
from agents.models.policy import ListEntry, Policy
from agents.models.records import ClockInterval, IdempotencyKey, Incident, Outcome
from agents.models.slot import Slot
from agents.models.token import Token
from agents.models.tool import Grant, Tool, ToolDefinition

__all__ = [
    "Action",
    "ActionContent",
    "Agent",
    "AgentGroupObjectPermission",
    "AgentRole",
    "AgentUserObjectPermission",
    "ClockInterval",
    "Grant",
    "Human",
    "IdempotencyKey",
    "Incident",
    "LimitEntry",
    "LimitUsage",
    "ListEntry",
    "MoveAllowed",
    "Outcome",
    "Person",
    "Policy",
    "Slot",
    "Token",
    "Tool",
    "ToolDefinition",
]
