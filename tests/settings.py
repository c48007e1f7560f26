"""The product's own settings, with the run's throw-away servers announced before they are read."""

from tests.servers import announce

announce()

from controlplane.settings import *  # noqa: E402, F403
