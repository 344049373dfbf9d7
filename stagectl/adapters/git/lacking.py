"""What a partial clone lacks, fetched in one go before it is read: git itself asks the remote for one after the other.

As git's own fetching does while it looks, this goes over http and https only, and asks no program for a password
(partial-clone.adoc, "Fetching Missing Objects").
"""

from __future__ import annotations

from typing import Sequence

from stagectl.adapters.git import prefetch
from stagectl.adapters.git.process import GitProcess
from stagectl.adapters.git.questions import SETTINGS
from stagectl.core.forms import OID

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")


def fetch_lacking(git: GitProcess, oids: Sequence[str]) -> None:
    """Fetch those of some objects that are not here; where that does not work, git says so when they are read."""
    remotes = [key for key, values in sorted(git.settings.items()) if key.endswith(".promisor") and values == ["true"]]
    if not remotes:
        return
    listing = git.run("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)")
    here = set(listing.decode().split())
    lacking = sorted({oid for oid in oids if OID.fullmatch(oid)} - here)
    if len(lacking) > 1:
        wanted = "".join(f"{oid}\n" for oid in lacking).encode()
        remote = remotes[0][len("remote.") : -len(".promisor")]
        words = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", remote, *_FETCH)
        git.try_run(*words, data=wanted, env=prefetch.looking(git.run(*SETTINGS)))
