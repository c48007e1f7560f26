"""The nouns, one a file."""

from agents.models.action import Action, ActionContent, MoveAllowed
from agents.models.agent import (
    Agent,
    AgentGroupObjectPermission,
    AgentRole,
    AgentUserObjectPermission,
    Standstill,
)
from agents.models.budget import Budget, RatePool, Spend, ToolHealth
from agents.models.limit import LimitEntry, LimitUsage
from agents.models.person import Human, Person
from agents.models.policy import ListEntry, Policy
from agents.models.records import ClockInterval, IdempotencyKey, Incident, Outcome
from agents.models.run import Run, RunContent, RunMoveAllowed, RunStep
from agents.models.slot import Slot
from agents.models.token import Client, Token
from agents.models.tool import Grant, Tool, ToolDefinition

__all__ = [
    "Action",
    "ActionContent",
    "Agent",
    "AgentGroupObjectPermission",
    "AgentRole",
    "AgentUserObjectPermission",
    "Budget",
    "Client",
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
    "RatePool",
    "Run",
    "RunContent",
    "RunMoveAllowed",
    "RunStep",
    "Slot",
    "Spend",
    "Standstill",
    "Token",
    "Tool",
    "ToolDefinition",
    "ToolHealth",
]
