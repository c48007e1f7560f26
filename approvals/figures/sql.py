"""The statements behind `figures`: one scan of what was asked of people, and everything that is counted over it.

`{scope}` is filled with one of SCOPES, never with anything from outside.
"""

#: Which actions a board is about.
SCOPES = {
    "team": "EXISTS (SELECT FROM agents_slot AS s WHERE s.action_id = a.id AND s.group_id = %(pk)s)",
    "agent": "a.agent_id = %(pk)s",
}
#: Whose unattended actions a board compares with: an agent's own, or those of the agents that asked the team.
AGENTS = {"team": "a.agent_id IN (SELECT agent_id FROM asked)", "agent": "a.agent_id = %(pk)s"}

# The rows. A review that was withdrawn or replaced before anybody decided is in no figure; practice never is.
_ASKED = """
raw AS MATERIALIZED (
    SELECT a.id, a.agent_id, a.effective_tier AS tier, a.state, a.created_at, a.at_risk_at, a.due_at, a.decision,
        a.revision, a.breach_cause,
        CASE WHEN a.decision <> '' THEN coalesce(a.decided_at, a.finished_at) END AS ended_at,
        a.state = 'awaiting_review' AND a.due_at <= %(now)s AS late_now,
        jsonb_path_query_array(
            a.reasons, '$[*] ? (@.rule != null && !(@.outcome == "allow") && !(@.code == "policy_allow")).rule'
        ) AS rules
    FROM agents_action AS a
    WHERE a.verdict = 'review' AND a.kind <> 'practice' AND {scope}
        AND NOT (a.decision = '' AND a.state IN ('withdrawn', 'superseded'))
        AND (a.finished_at IS NULL OR a.finished_at >= %(begins)s OR a.created_at >= %(begins)s)
), pauses AS (
    SELECT raw.id, sum(least(coalesce(p.ended_at, %(now)s), raw.ended_at) - p.started_at) AS whole,
        sum(raw.ended_at - p.started_at) FILTER (WHERE coalesce(p.ended_at, %(now)s) >= raw.ended_at) AS last
    FROM raw JOIN agents_clockinterval AS p ON p.action_id = raw.id AND p.kind = 'paused' AND p.started_at < raw.ended_at
    GROUP BY raw.id
), asked AS MATERIALIZED (
    SELECT raw.*, decision IN ('approved', 'rejected') AND ended_at >= %(begins)s AS decided,
        decision = 'expired' AND ended_at >= %(begins)s AS expired,
        -- A pause that the decision itself ended has not moved the deadline: it comes off here.
        raw.ended_at - coalesce(last, '0') <= due_at AS in_time,
        raw.ended_at - created_at - coalesce(whole, '0') AS took,
        due_at - created_at - (coalesce(whole, '0') - coalesce(last, '0')) AS given,
        width_bucket(raw.created_at, %(edges)s::timestamptz[]) AS came,
        width_bucket(raw.ended_at, %(edges)s::timestamptz[]) AS went,
        decision = 'approved' AND revision > 1 AS revised,
        decision = 'approved' AND revision = 1 AND EXISTS (
            SELECT FROM approvals_question AS q WHERE q.action_id = raw.id
        ) AS changed
    FROM raw LEFT JOIN pauses USING (id)
)
"""

_TOTALS = """
SELECT count(*) FILTER (WHERE created_at >= %(begins)s) AS came_in,
    count(*) FILTER (WHERE decided) AS decided,
    count(*) FILTER (WHERE decided AND in_time) AS in_time,
    count(*) FILTER (WHERE decided AND NOT in_time) AS late,
    count(*) FILTER (WHERE expired) AS expired,
    count(*) FILTER (WHERE late_now) AS late_now,
    count(*) FILTER (WHERE state = 'awaiting_review' AND NOT late_now AND at_risk_at <= %(now)s) AS at_risk_now,
    count(*) FILTER (WHERE state = 'awaiting_review') AS open_now,
    count(*) FILTER (WHERE decided AND decision = 'rejected') AS rejected,
    count(*) FILTER (WHERE decided AND revised) AS revised,
    count(*) FILTER (WHERE decided AND changed) AS changed
FROM asked
"""

_REVIEWED = """
SELECT count(*) AS actions,
    count(*) FILTER (WHERE a.verdict = 'review' AND a.decision IN ('approved', 'rejected')) AS reviewed,
    count(*) FILTER (WHERE a.verdict = 'allow') AS allowed,
    count(*) FILTER (WHERE a.verdict = 'allow' AND a.sampled) AS sampled,
    count(*) FILTER (WHERE a.verdict = 'deny') AS denied
FROM agents_action AS a
WHERE a.created_at >= %(begins)s AND a.kind <> 'practice' AND {agents}
    AND NOT (a.decision = '' AND a.state IN ('withdrawn', 'superseded'))
"""

# Medians by percentile_disc: a value that some item really had.
_SPREAD = """
count(*) AS n,
extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY took))::bigint AS p50,
extract(epoch FROM percentile_disc(0.9) WITHIN GROUP (ORDER BY took))::bigint AS p90
"""

_TIERS = f"""
SELECT tier, {_SPREAD}, extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY given))::bigint AS target
FROM asked WHERE decided GROUP BY tier ORDER BY tier
"""  # noqa: S608 - constants only

_TIMES = f"SELECT tier, went AS bucket, {_SPREAD} FROM asked WHERE decided GROUP BY tier, went"  # noqa: S608

_FLOW = """
SELECT bucket, sum(came_in) AS came_in, sum(in_time) AS in_time, sum(late) AS late, sum(expired) AS expired FROM (
    SELECT came AS bucket, count(*) AS came_in, 0 AS in_time, 0 AS late, 0 AS expired FROM asked
    WHERE created_at >= %(begins)s GROUP BY came
    UNION ALL
    SELECT went, 0, count(*) FILTER (WHERE decided AND in_time), count(*) FILTER (WHERE decided AND NOT in_time),
        count(*) FILTER (WHERE expired)
    FROM asked WHERE decided OR expired GROUP BY went
) AS both_ways GROUP BY bucket
"""

_CAUSES = """
SELECT breach_cause AS cause, count(*) AS n FROM asked
WHERE late_now OR expired OR (decided AND NOT in_time) GROUP BY breach_cause ORDER BY n DESC, cause
"""

_AGENTS = """
SELECT g.slug, g.name, count(*) FILTER (WHERE created_at >= %(begins)s) AS came_in,
    count(*) FILTER (WHERE decided) AS decided, count(*) FILTER (WHERE decided AND in_time) AS in_time,
    count(*) FILTER (WHERE expired) AS expired, count(*) FILTER (WHERE late_now) AS late_now,
    count(*) FILTER (WHERE decided AND (decision = 'rejected' OR revised OR changed)) AS exceptions
FROM (SELECT *, created_at >= %(begins)s OR decided OR expired OR late_now AS told FROM asked) AS asked
JOIN (SELECT id, slug, name FROM agents_agent) AS g ON g.id = agent_id
WHERE told GROUP BY g.slug, g.name ORDER BY g.slug
"""

_RULES = """
SELECT g.slug AS agent, rule.value AS rule, count(*) AS ended,
    count(*) FILTER (WHERE decided AND decision = 'approved' AND NOT revised AND NOT changed) AS passed,
    count(*) FILTER (WHERE decided AND (decision = 'rejected' OR revised OR changed)) AS exceptions
FROM asked JOIN (SELECT id, slug FROM agents_agent) AS g ON g.id = agent_id
CROSS JOIN LATERAL (SELECT DISTINCT value FROM jsonb_array_elements_text(rules)) AS rule
WHERE decided OR expired GROUP BY 1, 2 ORDER BY 1, 2
"""

_PARTS = {
    "tiers": _TIERS, "times": _TIMES, "flow": _FLOW, "causes": _CAUSES, "agents": _AGENTS, "rules": _RULES
}  # fmt: skip


def statement(kind: str) -> str:
    """Return the one statement of a board about a `team` or an `agent`; it answers one row with a JSON value a column."""
    lists = ", ".join(
        f"(SELECT coalesce(json_agg(to_json(part)), '[]') FROM ({sql}) AS part) AS {name}"  # noqa: S608
        for name, sql in _PARTS.items()
    )
    reviewed = _REVIEWED.replace("{agents}", AGENTS[kind])
    return (
        f"WITH {_ASKED.replace('{scope}', SCOPES[kind])}"  # noqa: S608 - constants only
        f" SELECT (SELECT to_json(t) FROM ({_TOTALS}) AS t) AS totals,"
        f" (SELECT to_json(t) FROM ({reviewed}) AS t) AS reviewed, {lists}"
    )


# Who may fill which open slot, as in `turns`; a person who signs nothing here now is listed with none. What waits is read
# once, not for each of them: requests that ask the same seats of the same agent are alike to everybody, but for those from
# before somebody's account, which are told one by one.
LOAD = """
WITH members AS MATERIALIZED (
    SELECT p.id, p.username, p.first_name, p.last_name, p.human_id, p.signer_since, array_agg(m.group_id) AS groups
    FROM agents_person AS p JOIN agents_person_groups AS m ON m.person_id = p.id
    WHERE p.is_active AND m.group_id = ANY(%(groups)s) GROUP BY p.id
), waiting AS (
    SELECT a.agent_id, CASE WHEN a.created_at < (SELECT max(signer_since) FROM members) THEN a.created_at END AS early,
        array_agg(s.group_id ORDER BY s.position) AS groups, array_agg(s.excluded::text ORDER BY s.position) AS excluded
    FROM agents_slot AS s JOIN agents_action AS a ON a.id = s.action_id
    WHERE s.group_id = ANY(%(groups)s) AND s.is_open AND s.filled_by_id IS NULL AND a.state = 'awaiting_review'
        AND a.kind <> 'practice' AND (%(agent)s::bigint IS NULL OR a.agent_id = %(agent)s)
    GROUP BY a.id
), alike AS MATERIALIZED (SELECT w.*, count(*) AS n FROM waiting AS w GROUP BY agent_id, early, groups, excluded)
SELECT p.id, p.username, p.first_name, p.last_name,
    (SELECT coalesce(sum(w.n), 0)::bigint FROM alike AS w WHERE (w.early IS NULL OR w.early >= p.signer_since)
        AND EXISTS (
            SELECT FROM unnest(w.groups, w.excluded) AS seat(group_id, excluded)
            WHERE seat.group_id = ANY(p.groups) AND NOT seat.excluded::bigint[] @> ARRAY[p.human_id]
        ) AND NOT EXISTS (
            SELECT FROM agents_agentrole AS r JOIN agents_person AS o ON o.id = r.person_id
            WHERE r.agent_id = w.agent_id AND r.role = 'owner' AND o.human_id = p.human_id
        )
    ) AS waiting,
    (SELECT max(b.until) FROM approvals_absence AS b
     WHERE b.person_id = p.id AND b.ended_at IS NULL AND b.since <= %(now)s AND b.until > %(now)s) AS away_until
FROM members AS p
"""

# From the first time somebody opened an action to their decision on it.
HANDLING = """
SELECT count(*) AS n, extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY took))::bigint AS p50 FROM (
    SELECT d.decided_at - min(l.at) AS took
    FROM approvals_decision AS d
    JOIN agents_action AS a ON a.id = d.action_id AND a.kind <> 'practice'
    JOIN approvals_look AS l ON l.action_id = d.action_id AND l.person_id = d.person_id AND l.kind = 'viewed'
        AND l.at <= d.decided_at
    WHERE d.decided_at >= %(begins)s AND {scope}
        AND d.person_id IN (SELECT m.person_id FROM agents_person_groups AS m WHERE m.group_id = ANY(%(groups)s))
    GROUP BY d.id
) AS each
"""


def handling(kind: str) -> str:
    """Return the statement that says how long a team, or those who sign for an agent, take from opening to deciding."""
    return HANDLING.replace("{scope}", SCOPES[kind])
