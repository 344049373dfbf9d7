"""Secrets stay apart: an action sees those of its own inputs, and what it prints of any other's is taken out."""

from __future__ import annotations

import json
from typing import Dict, List

import pytest

from tests.build import Repo

SECRETS = {"STAGING_PW": "staging-secret-5678", "PROD_PW": "prod-secret-1234", "SHARED": "shared-secret-9999"}
ENV = {**SECRETS, "REGION": "region-north-1", "OTHER": "nobody-reads-this"}

# Notes in a file which variables it has, and prints what a leak has in it.
SHOW = (
    'out="seen/$(printf %s "$STAGECTL_RESOURCE.$STAGECTL_ACTION" | tr / _)"; mkdir -p seen; '
    "env | sed -n 's/^\\(STAGING_PW\\|PROD_PW\\|SHARED\\|REGION\\|OTHER\\)=.*/\\1/p' | sort > \"$out\"; cat leak; "
    'printf \'{"message": "%s"}\' "$(cat leak)" > "$STAGECTL_RESULT"'
)


def canary(repo: Repo, config: str = "") -> Repo:
    """Two environments with a secret each; everything that either reads stands in a file that every action prints."""
    actions = {verb: ["sh", "-c", SHOW] for verb in ("run", "update", "remove", "check-up")}
    repo.write("kinds/k.yaml", json.dumps({"actions": actions})).write(".gitignore", "seen\nleak\n")
    repo.write("leak", " ".join(ENV.values())).write("stagectl.yaml", config)
    repo.define("staging/a", "k", tags=["staging"], inputs={"pw": "${env:STAGING_PW}"})
    repo.define("prod/a", "k", tags=["prod"], inputs={"pw": "${env:PROD_PW}", "region": "${env:REGION}"})
    repo.define("prod/b", "k", tags=["prod"], inputs={"pw": "${prod/a.pw}", "quoted": "$${env:OTHER}"}).commit()
    return repo.stage()


def seen(repo: Repo) -> Dict[str, List[str]]:
    return {path.name: path.read_text().split() for path in sorted((repo.root / "seen").iterdir())}


def everything(repo: Repo) -> str:
    """All that runs left behind in the git folder, and what can be asked for."""
    files = [path for path in (repo.top / ".git" / "stagectl").rglob("*") if path.is_file()]
    said = repo.ok("report", "--json").out + repo.ok("log", "--json").out
    return said + "".join(path.read_text(errors="replace") for path in files)


@pytest.mark.parametrize(("plain", "region"), [("", False), ("plain: [REGION]\n", True)])
def test_two_environments_do_not_see_each_others_secrets(repo: Repo, plain: str, region: bool) -> None:
    """
    Each applied alone, staged or applied the other: only its own variables, those it reads through others among them.

    What is plain is inherited by all and left in the output; a variable that is only quoted, or not read, is no secret.
    """
    canary(repo, plain)
    said = ""
    for tag in ("staging", "prod"):
        done = repo.ok("apply", "--yes", "--json", "-t", tag, env=ENV)
        said += done.out + done.err

    more = ["REGION"] if region else []
    assert seen(repo) == {
        "staging_a.run": ["OTHER", *more, "SHARED", "STAGING_PW"],
        "prod_a.run": ["OTHER", "PROD_PW", "REGION", "SHARED"],
        "prod_b.run": ["OTHER", "PROD_PW", *more, "SHARED"],
    }
    for text in (said, everything(repo)):
        assert SECRETS["STAGING_PW"] not in text and SECRETS["PROD_PW"] not in text
        assert (ENV["REGION"] in text) == region
        assert ENV["OTHER"] in text


def test_every_way_an_action_runs_keeps_them_apart(repo: Repo) -> None:
    """
    An explicit action, an update to another variable, a retry, a removal of what no file reads any more.
    """
    canary(repo.define("prod/c", "k", inputs={"pw": "${env:PROD_PW}"})).ok("apply", "--yes", env=ENV)
    repo.ok("stage", "staging/a", "-a", "check-up")
    repo.define("prod/a", "k", tags=["prod"], inputs={"pw": "${env:SHARED}"}).stage()
    repo.ok("apply", "--yes", env=ENV)
    repo.delete("staging/a").stage()
    done = repo.ok("apply", "--yes", env=ENV)

    found = seen(repo)
    assert found["staging_a.check-up"] == ["OTHER", "STAGING_PW"]
    assert found["prod_a.update"] == ["OTHER", "PROD_PW", "REGION", "SHARED"]
    assert found["staging_a.remove"] == ["OTHER", "REGION", "STAGING_PW"]
    assert [secret for secret in SECRETS.values() if secret in done.out + done.err] == []
    assert [SECRETS[name] for name in ("STAGING_PW", "PROD_PW") if SECRETS[name] in everything(repo)] == []


def test_what_no_file_reads_any_more_stays_secret_while_it_is_kept(repo: Repo) -> None:
    """
    What a run that failed was tried with, without a file or with another one; a held child's value; no literal.
    """
    canary(repo.define("shown", "k", inputs={"list": [{"env": "OTHER"}]})).ok("apply", "--yes", env=ENV)
    repo.write("kinds/bad.yaml", "actions: {run: [sh, -c, exit 1]}\n")
    repo.define("tried", "bad", inputs={"x": "${env:SHARED}"}).commit()
    repo.stage().run("apply", "--yes", env=ENV)

    def is_apart() -> bool:
        repo.ok("stage", "shown", "-a", "check-up")
        done = repo.ok("apply", "--yes", "--json", "shown", env=ENV)
        return (seen(repo)["shown.check-up"], [name for name in ENV if ENV[name] in done.out]) == (["OTHER"], ["OTHER"])

    repo.delete("tried").stage()
    assert is_apart()
    repo.define("tried", "bad", inputs={"x": 1}).stage()
    assert is_apart()
    repo.define("prod/a", "k", tags=["alone"], inputs={"pw": 1, "region": "${env:REGION}"}).stage()
    repo.ok("apply", "--yes", "-t", "alone", env=ENV)
    assert "PROD_PW" not in repo.git("grep", "{env:", "HEAD", "--", ".staged") and is_apart()


def test_what_a_file_reads_is_what_its_values_say(repo: Repo) -> None:
    """
    However YAML writes it: escapes and joined lines read a variable, comments and what is only quoted read none.

    The files are staged and not selected, so that their text alone says it.
    """
    reads = [
        "${env:V0}",
        "'${env:V1}' # ${env:OTHER}",
        '"\\x24{env:V2}"',
        '"${en\\u0076:V3}"',
        '"${env:\\U000000564}"',
        '"${e\\\n    nv:V5}"',
    ]
    reads_not = ["1 # ${env:W0}", "'# $${env:W1}'", '"\\x24${env:W2}"', '"\\\\x24{env:W3}"']
    for number, text in enumerate([*reads, *reads_not]):
        repo.write(f".staged/other{number}.yaml", f"---\nkind: k\n---\ninputs:\n  x: {text}\n")
    secret, shown = ([f"{letter}{number}" for number in range(length)] for letter, length in (("V", 6), ("W", 4)))
    values = {name: f"the-value-of-{name}" for name in [*secret, *shown]}
    canary(repo).write("leak", " ".join(values.values()))

    done = repo.ok("apply", "--yes", "--json", "prod/a", env={**ENV, **values})

    assert [name for name in values if values[name] in done.out] == shown


def test_what_is_no_file_among_the_staged_ones_reads_no_variable(repo: Repo) -> None:
    """
    A submodule has no content here. A check, which reads no other staged file, looks all the same.
    """
    repo.write("kinds/seen.yaml", 'actions: {run: ["true"]}\ncheck: ["true"]\n').commit()
    repo.define("a", "seen").stage().ok("apply", "--yes")
    (repo.root / ".staged/sub").mkdir()
    place = f"{repo.git('rev-parse', '--show-prefix').strip()}.staged/sub"
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{place}")
    repo.git("commit", "-q", "-m", "a submodule")

    assert "Checked 1: 1 ok." in repo.ok("check").out


def test_plain_lists_names_of_variables(repo: Repo) -> None:
    """
    Anything else is an error with its place.
    """
    repo.write("stagectl.yaml", "plain: [REGION, a-b]\n")

    done = repo.run("validate")

    assert (done.code, "stagectl.yaml:1:17: 'plain' lists names of environment variables" in done.out + done.err) == (
        1,
        True,
    )
