"""The product's own settings, with the run's throw-away servers announced before they are read."""

from tests.servers import announce

announce()

from controlplane.settings import *  # noqa: E402, F403

# Signing in is not what most tests are about; the product's own hasher costs a tenth of a second each time, on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
