"""The agents somebody sees, in SQL. `access` says who is asked for what; nobody else asks here."""

from django.db.models import Q
from django.db.models.expressions import RawSQL

from agents.models import Person

#: Keys of an agent's `sign` map.
SIGNED_TIERS = ("2", "3", "4")

# In one statement, and as text: every page asks, and putting it together from parts costs more than asking it. Each
# policy is read once, however many groups somebody is in.
_OF = """
SELECT g.id FROM (SELECT %s::bigint AS id) AS me CROSS JOIN agents_agent AS g LEFT JOIN agents_policy AS p ON p.id = g.policy_id
CROSS JOIN LATERAL (
    SELECT ARRAY(SELECT t.name::text FROM agents_person_groups AS m JOIN auth_group AS t ON t.id = m.group_id
        WHERE m.person_id = me.id) AS names
) AS mine WHERE
"""
# The agents that a person answers for, or that ask a group of theirs by tier or rule.
_THEIRS = f"""{_OF}
    g.id IN (SELECT r.agent_id FROM agents_agentrole AS r WHERE r.person_id = me.id)
    OR {" OR ".join(f"g.sign -> '{tier}' ?| mine.names" for tier in SIGNED_TIERS)}
    OR jsonb_path_query_array(p.body, '$.rules[*].slots[*]') ?| mine.names
    OR jsonb_path_query_array(p.body, '$.rules[*].queue') ?| mine.names
"""  # noqa: S608 - constants only
_PERMITTED = """
    JOIN django_content_type AS c ON c.id = a.content_type_id AND c.app_label = 'agents' AND c.model = '{model}'
    WHERE a.codename = '{codename}'
"""
_MAY_VIEW = _PERMITTED.format(model="agent", codename="view_agent")
# Beside them what guardian grants to this person or to a group of theirs, and everything to those who may read all.
_SEEN = f"""{_THEIRS}
    OR g.id IN (
        SELECT o.content_object_id FROM agents_agentuserobjectpermission AS o
        JOIN auth_permission AS a ON a.id = o.permission_id {_MAY_VIEW} AND o.user_id = me.id
        UNION ALL
        SELECT o.content_object_id FROM agents_agentgroupobjectpermission AS o
        JOIN agents_person_groups AS m ON m.group_id = o.group_id AND m.person_id = me.id
        JOIN auth_permission AS a ON a.id = o.permission_id {_MAY_VIEW}
    )
    OR EXISTS (
        SELECT FROM auth_permission AS a {_PERMITTED.format(model="person", codename="read_all")} AND (
            EXISTS (SELECT FROM agents_person_user_permissions AS u WHERE u.permission_id = a.id AND u.person_id = me.id)
            OR EXISTS (
                SELECT FROM auth_group_permissions AS u JOIN agents_person_groups AS m ON m.group_id = u.group_id
                WHERE u.permission_id = a.id AND m.person_id = me.id
            )
        )
    )
"""  # noqa: S608 - constants only


def seen_by(person: Person) -> Q:
    """Return the agents this person sees: those asked of them, granted by guardian, or all, to whoever may read all."""
    return _among(_SEEN, person)


def asked_of(person: Person) -> Q:
    """Return the agents this person answers for, or that ask a group of theirs by tier or rule."""
    return _among(_THEIRS, person)


def _among(statement: str, person: Person) -> Q:
    return Q(pk__in=RawSQL(statement, [person.pk]))  # noqa: S611 - constants only
