"""Whatever reads a sensitive input is sensitive."""

from __future__ import annotations

from stagectl.core.model import Name
from stagectl.core.planning.holding import everything
from tests.unit.core.planning.worlds import res, situation

VAULT = res("vault", {"password": "${env:PASSWORD}", "host": "h"}, kind="secretive")


def test_it_is_handed_on_from_reader_to_reader() -> None:
    """
    app reads the password, last reads app; what reads the host is no secret.
    """
    app = res("app", {"dsn": "x:${vault.password}", "host": "${vault.host}"})
    last = res("last", {"copy": "${app.dsn}"})

    found = everything(situation({}, VAULT, app, last)).view.sensitive

    assert {Name("vault"): {"password"}, Name("app"): {"dsn"}, Name("last"): {"copy"}} == found
