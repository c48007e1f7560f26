"""REST: a request that makes something, answered once for each Idempotency-Key of whoever asks, at one address."""

from collections.abc import Callable

from rest_framework.request import Request
from rest_framework.response import Response

from agents import canonical, idempotency
from agents.errors import Invalid

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
KEY_LENGTH = 255


def read_key(request: Request) -> str:
    """Return the request's Idempotency-Key. Raises Invalid."""
    key = request.headers.get(HEADER, "").strip()
    if not key or len(key) > KEY_LENGTH or not key.isprintable():
        message = f"send one of 1 to {KEY_LENGTH} printable characters, new for each new request"
        sentence = "This Idempotency-Key can't be used." if key else "An Idempotency-Key header is required."
        raise Invalid(sentence, errors=[{"field": HEADER, "message": message}])
    return key


def answer(
    request: Request,
    asked: object,
    *,
    make: Callable[[object], idempotency.Made],
    prepare: Callable[[], object] = lambda: None,
    show: Callable[[dict], dict] = lambda kept: kept,
    required: bool = False,
) -> Response:
    """Do what was asked and answer it; under a key that was answered before, answer again and do nothing.

    `prepare` and `make` as `idempotency.once` says. `show` makes the answer of what `make` kept: where people's words are
    in it only ids are kept, and the answer is made of what stands there now. Without a key, unless it is required, the
    request is done each time. Raises Invalid, KeyInFlight, KeyReused, and whatever the two raise.
    """
    if not required and HEADER not in request.headers:
        _, status, kept = make(prepare())
        return Response(show(kept), status=status)
    place = f"{request.user.actor().principal} {request.path}"
    once = idempotency.Asked(scope=place, key=read_key(request), fingerprint=_fingerprint(asked))
    done = idempotency.once(once, make=make, prepare=prepare)
    return Response(show(done.body), status=done.status, headers={REPLAYED: "true"} if done.replayed else {})


def _fingerprint(asked: object) -> str:
    try:
        return canonical.digest_of(asked)
    except canonical.NotCanonical as error:
        raise Invalid(f"The body can't be told from others: {error}.") from error
