from datetime import timedelta

import pytest
from django.utils import timezone

from agents import identities
from agents.models import Token
from audit.models import Event
from tests.domain.registered import OPERATOR, add_company, configure_nouns, import_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    configure_nouns()
    add_company()
    return import_desk(token=False)


@pytest.fixture
def issued(agent):
    return identities.issue(agent=agent, by=OPERATOR)


def test_a_token_names_its_agent_and_nothing_else(agent, issued):
    principal = identities.authenticate(issued[1])
    assert principal.agent == agent and principal.actor().token == issued[0].prefix
    assert not hasattr(principal, "has_perm") and not hasattr(principal, "groups")


def test_only_a_hash_is_kept(issued):
    token, text = issued
    secret = text.split("_", 2)[2].rpartition("_")[0]
    row = Token.objects.filter(pk=token.pk).values().get()
    assert secret not in str(row) and token.prefix in text
    assert not any(secret in event.leaf_data for event in Event.objects.all())


@pytest.mark.parametrize(
    "harm", ["", "x", lambda t: t[:-1], lambda t: t + "0", lambda t: t.replace("cs_", "xx_"), lambda t: t.upper()]
)
def test_a_token_that_is_off_by_anything_is_refused(issued, harm):
    text = harm(issued[1]) if callable(harm) else harm
    with pytest.raises(identities.BadToken):
        identities.authenticate(text)


def test_a_wrong_secret_with_a_right_checksum_is_refused(issued):
    _, prefix, secret, _ = (*issued[1].split("_")[:2], "A" * 43, "")
    body = f"cs_{prefix}_{secret}"
    with pytest.raises(identities.BadToken):
        identities.authenticate(f"{body}_{identities._checksum(body)}")


def test_an_expired_token_is_refused_by_name(issued):
    Token.objects.filter(pk=issued[0].pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(identities.ExpiredToken):
        identities.authenticate(issued[1])


def test_a_revoked_token_is_refused_by_name_and_revoking_twice_is_one_event(issued):
    for _ in range(2):
        identities.revoke(prefix=issued[0].prefix, by=OPERATOR)
    with pytest.raises(identities.RevokedToken):
        identities.authenticate(issued[1])
    assert Event.objects.filter(verb="token.revoked").count() == 1


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_lives_a_day_to_a_year(agent, days):
    with pytest.raises(ValueError, match="1 to 366"):
        identities.issue(agent=agent, by=OPERATOR, days=days)
    assert not Token.objects.exists()


def test_use_is_written_down_at_most_once_a_minute(issued):
    identities.authenticate(issued[1])
    first = Token.objects.get(pk=issued[0].pk).last_used_at
    identities.authenticate(issued[1])
    assert first is not None and Token.objects.get(pk=issued[0].pk).last_used_at == first


def test_revoking_what_was_never_issued_is_refused():
    with pytest.raises(identities.NoSuchToken):
        identities.revoke(prefix="deadbeef", by=OPERATOR)
