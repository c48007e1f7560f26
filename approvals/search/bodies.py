"""What was found, as REST answers it."""

from approvals.search.finding import Found, Result


def as_json(found: Found, path: str) -> dict:
    """Return what was found as REST answers it; `path` is the address it was asked at."""
    return {
        "query": found.asked.said,
        "count": found.count,
        "counted_whole": not found.more,
        "facets": {
            name: [{"value": one.value, "count": one.count} for one in facets] for name, facets in found.facets.items()
        },
        "results": [_item(one) for one in found.results],
        "next": f"{path}?{found.following}" if found.following else None,
    }


def _item(result: Result) -> dict:
    row = result.row
    return {
        "kind": row.kind,
        "id": str(row.id),
        "title": "".join(part.text for part in result.title),
        "excerpt": [{"text": part.text, "hit": part.hit} for part in result.excerpt],
        "agent": row.agent,
        "tool": row.tool or None,
        "state": row.state,
        "tier": row.tier,
        "at": row.at.isoformat(),
        "url": result.address,
    }
