"""Certificates: they are Dask's configuration, so that its own commands and ours are set up in one place."""

from __future__ import annotations

from distributed.security import Security

from stagectl.core.address import TLS, parse
from stagectl.core.errors import StagectlError

_WHERE = "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ...__TLS__{role}__CERT and ...__TLS__{role}__KEY; see docs/cluster.md"


def no_answer_hint(address: str) -> str:
    """Return the hint for a scheduler that does not answer; Dask reports a failed handshake as silence."""
    tls = ", is each certificate of the other's authority" if address.startswith(f"{TLS}://") else ""
    return f"is it started{tls}? see docs/cluster.md"


def security_of(address: str, role: str) -> Security:
    """Return what a `client` or `worker` connects with; raises StagectlError where certificates are missing."""
    is_tls = (parse(address) or ("", ""))[0] == TLS
    found = Security(require_encryption=is_tls)
    try:
        context = found.get_connection_args(role).get("ssl_context") if is_tls else None
    except OSError as error:
        raise StagectlError(
            f"a certificate cannot be read: {error}", f"look at {_WHERE.format(role=role.upper())}"
        ) from error
    if is_tls and context is None:
        raise StagectlError(f"{address} needs certificates", f"name them: {_WHERE.format(role=role.upper())}")
    return found
