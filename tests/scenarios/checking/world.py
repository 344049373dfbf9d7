"""A world of files, changed by actions and by hand, with a kind that looks at it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

from tests.build import Ran, Repo

FILE = 'id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"; f="world/$(echo "$STAGECTL_RESOURCE" | tr / +).json"; '
FAILS = 'if [ -f fail ] && grep -qxF "$id" fail; then echo "no luck with $id"; exit 3; fi; echo "$id" >> actions.log; '
MAKE = FILE + FAILS + 'mkdir -p world; cp "$STAGECTL_INPUTS" "$f"'
DROP = FILE + FAILS + 'rm -f "$f"'
# Says what `answers/<name>` has, else what the world has.
LOOK = (
    FILE + 'if [ -f fail ] && grep -qxF "$id" fail; then echo "no luck with $id"; exit 3; fi; '
    'a="answers/$(echo "$STAGECTL_RESOURCE" | tr / +)"; '
    'if [ -f "$a" ]; then cp "$a" "$STAGECTL_RESULT"; '
    'elif [ -f "$f" ]; then printf \'{"exists": true, "inputs": %s}\' "$(cat "$f")" > "$STAGECTL_RESULT"; '
    'else echo \'{"exists": false}\' > "$STAGECTL_RESULT"; fi'
)


def world(repo: Repo, kind: str = "server", **more: Any) -> Repo:
    """Return a repository with a kind whose actions change files of `world/`, and whose check reads them."""
    actions: Dict[str, List[str]] = {"run": ["sh", "-c", MAKE], "update": ["sh", "-c", MAKE]}
    actions.update({"remove": ["sh", "-c", DROP], "restart": ["sh", "-c", FILE + FAILS]})
    raw = {"actions": actions, "check": ["sh", "-c", LOOK], **more}
    repo.write(f"kinds/{kind}.yaml", json.dumps({key: value for key, value in raw.items() if value is not None}))
    return repo.write(".gitignore", "actions.log\nfail\nworld/\nanswers/\n")


def path_of(repo: Repo, name: str) -> Path:
    """Where the world keeps a resource."""
    return repo.root / "world" / f"{name.replace('/', '+')}.json"


def by_hand(repo: Repo, name: str, **values: Any) -> Repo:
    """Change the world by hand."""
    path = path_of(repo, name)
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return repo


def drop(repo: Repo, name: str) -> Repo:
    """Let something be gone."""
    path_of(repo, name).unlink()
    return repo


def there(repo: Repo, name: str) -> Any:
    """What the world has of a resource, None for nothing."""
    path = path_of(repo, name)
    return json.loads(path.read_text()) if path.exists() else None


def answer(repo: Repo, name: str, said: Any) -> Repo:
    """Have the check of a resource say this, whatever the world has; a text as it is."""
    return repo.write(f"answers/{name.replace('/', '+')}", said if isinstance(said, str) else json.dumps(said))


def looked(repo: Repo, *arguments: str, code: int = 0) -> Dict[str, str]:
    """The state of each resource that a check looked at."""
    ran: Ran = repo.run("check", "--json", *arguments)
    assert ran.code == code, ran.err + ran.out
    return {entry["resource"]: entry["state"] for entry in ran.json()["resources"]}


def entry(repo: Repo, name: str, *arguments: str) -> Any:
    """What a check says of one resource."""
    found = repo.run("check", name, "--json", *arguments).json()["resources"]
    assert [each["resource"] for each in found] == [name]
    return found[0]
