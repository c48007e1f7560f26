"""A dossier as REST answers it."""

from urllib.parse import urlencode

from approvals.dossier.sheet import Line, Sheet
from audit.dossier import Answer, Point


def as_json(sheet: Sheet, path: str) -> dict:
    """Return the REST body; `path` is the address it was asked at, for the next window."""
    told = sheet.dossier
    following = f"{path}?{urlencode({'start': told.following})}" if told.following else None
    return {
        "subject": {"kind": told.subject.kind, "id": told.subject.id},
        "at": sheet.at.isoformat(),
        "as_of_event": told.as_of,
        "complete": told.complete,
        "missing": list(told.missing),
        "answers": [_answer(answer) for answer in told.answers],
        "events": {
            "count": told.count,
            "counted_whole": told.is_counted,
            "held_back": told.held_back,
            "newest_first": told.newest_first,
            "next": following,
            "items": [_item(line) for line in sheet.lines],
        },
        "url": sheet.address,
    }


def _answer(answer: Answer) -> dict:
    points, quoted = ([_point(one) for one in some] for some in (answer.points, answer.quoted))
    return {"question": answer.question, "sentence": answer.sentence, "points": points, "quoted": quoted}


def _point(point: Point) -> dict:
    return {"label": point.label, "value": point.value, "event": point.event}


def _item(line: Line) -> dict:
    told, event = line.told, line.told.event
    return {
        "id": told.id,
        "at": event.at.isoformat(),
        "verb": told.verb,
        "sentence": line.entry.text,
        "note": line.entry.note,
        "by": told.by | {"name": told.who},
        "subject": {"kind": event.subject_kind, "id": event.subject_id},
        "data": told.data,
        "erased": list(told.erased),
        "leaf_hash": told.leaf_hash,
    }
