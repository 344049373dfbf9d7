"""A repository with a kind that reports outputs, for the tests of this folder."""

from __future__ import annotations

import json
from typing import Any, Mapping

from tests.build import Repo

# Fails if the file `fail` names the change; reports what the file `reports/<name>.json` has, also then.
SCRIPT = (
    'id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"; '
    'cp "$STAGECTL_OUTPUTS" "given-$(echo "$id" | tr / +)"; cp "$STAGECTL_INPUTS" "got-$(echo "$id" | tr / +)"; '
    'if [ -f "reports/$id.json" ]; then cp "reports/$id.json" "$STAGECTL_RESULT"; fi; '
    'if [ -f fail ] && grep -qxF "$id" fail; then echo "no luck with $id"; exit 3; fi; '
    'echo "$id" >> actions.log'
)
OUTPUTS = {
    "type": "object",
    "required": ["endpoint", "oid"],
    "properties": {"endpoint": {"type": "string"}, "oid": {"type": "integer"}, "key_id": {"type": "string"}},
}
REPORTS = {"run": ["endpoint", "oid", "key_id"], "update": ["endpoint"], "rotate": ["key_id"]}


def world(repo: Repo, **more: Any) -> Repo:
    """Return a repository with the kind `database`, whose actions report what `reports` was reported."""
    actions = {action: ["sh", "-c", SCRIPT] for action in ("run", "update", "remove", "rotate", "look")}
    raw = {"outputs": OUTPUTS, "reports": REPORTS, "actions": actions, **more}
    repo.write("kinds/database.yaml", json.dumps({key: value for key, value in raw.items() if value is not None}))
    repo.write(".gitignore", "actions.log\nfail\nreports/\ngiven-*\ngot-*\n")
    return repo


def with_readers(repo: Repo) -> Repo:
    """Return a repository with the kind `reader`, too: it acts as `database` does, and reports nothing."""
    raw = json.loads(world(repo).read("kinds/database.yaml"))
    plain = {key: value for key, value in raw.items() if key not in ("outputs", "reports")}
    return repo.write("kinds/reader.yaml", json.dumps(plain))


def reports(repo: Repo, change: str, outputs: Any, **more: Any) -> Repo:
    """Let an action report these outputs from now on."""
    return repo.write(f"reports/{change}.json", json.dumps({"outputs": outputs, **more}))


def given(repo: Repo, change: str) -> Any:
    """The outputs that an action was given when it last ran."""
    return json.loads(repo.read(f"given-{change.replace('/', '+')}"))


def got(repo: Repo, change: str) -> Any:
    """The inputs that an action got when it last ran."""
    return json.loads(repo.read(f"got-{change.replace('/', '+')}"))


def outputs(repo: Repo, name: str) -> Mapping[str, Any]:
    """The outputs of a resource, as applied."""
    found: Mapping[str, Any] = repo.applied(name).get("outputs", {})
    return found


def message(repo: Repo, change: str) -> str:
    """What the newest run says of the end of a change."""
    report = repo.ok("report", "--json").json()
    return next(str(entry["message"]) for entry in report["changes"] if entry["id"] == change)
