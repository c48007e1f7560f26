"""How a token, an agent's or a client's, shows itself at the REST doors."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header

from agents import identities


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. A request without it is left to the session; a wrong one is refused, never ignored."""

    def authenticate(self, request):
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer" or not text.strip():
            raise identities.BadToken("Send the token as `Authorization: Bearer <token>`.")
        principal = identities.authenticate(text.strip())
        return principal, principal.token

    def authenticate_header(self, request) -> str:
        return "Bearer"
