"""A device that makes and uses passkeys, and the browser in front of it: Web Authentication Level 2, section 6."""

import secrets
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256, CoseKey
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

ORIGIN = "http://localhost:8000"
_FLAG = AuthenticatorData.FLAG


class Device:
    """Holds one key pair. What an honest device would never do is a field: `verifies`, `count`, `step`, `origin`."""

    def __init__(self, *, origin: str = ORIGIN, domain: str = "localhost", verifies: bool = True, step: int = 1):
        self.origin, self.domain, self.verifies, self.step, self.count = origin, domain, verifies, step, 0
        self.crosses = False
        self.id = secrets.token_bytes(32)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public: CoseKey = ES256.from_cryptography_key(self._key.public_key())

    def make(self, asked: dict) -> dict:
        """Answer `navigator.credentials.create()`, as the script of the pages sends it."""
        credential = AttestedCredentialData.create(bytes(16), self.id, self.public)
        said = AttestationObject.create("none", self._data(_FLAG.AT, credential), {})
        return self._answer("webauthn.create", asked, lambda _: {"attestationObject": websafe_encode(said)})

    def touch(self, asked: dict) -> dict:
        """Answer `navigator.credentials.get()`, as the script of the pages sends it."""
        return self._answer("webauthn.get", asked, self._signed)

    def _signed(self, client_data: bytes) -> dict:
        data = self._data()
        signature = self._key.sign(data + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return {"authenticatorData": websafe_encode(data), "signature": websafe_encode(signature)}

    def _data(self, flags: int = 0, credential: bytes = b"") -> AuthenticatorData:
        self.count += self.step
        flags |= _FLAG.UP | (_FLAG.UV if self.verifies else 0)
        return AuthenticatorData.create(sha256(self.domain.encode()).digest(), flags, self.count, credential)

    def _answer(self, kind: str, asked: dict, respond) -> dict:
        challenge = websafe_decode(asked["publicKey"]["challenge"])
        client_data = CollectedClientData.create(kind, challenge, self.origin, self.crosses)
        response = {"clientDataJSON": websafe_encode(client_data), **respond(client_data)}
        name = websafe_encode(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}
