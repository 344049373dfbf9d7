"""Names, globs, tags and graph operators choose what is staged."""

from __future__ import annotations

from typing import Dict

from tests.build import Repo
from tests.scenarios.staging.world import head, refused, staged, trailers


def pick(repo: Repo, cases: Dict[str, str]) -> Dict[str, str]:
    """What each command line stages, from the same start."""
    start = head(repo)
    found = {}
    for arguments in cases:
        done = repo.ok("stage", *arguments.split(" | "))
        found[arguments] = " ".join(sorted(line[2:].split(".")[0] for line in done.out.splitlines()[:-1]))
        repo.git("reset", "-q", "--hard", start)
    return found


def test_tag_expressions_choose_what_is_staged(repo):
    """
    `not` binds before `and`, `and` before `or`; several -t mean or; keys may be asked for with a star.
    """
    for name, tags in {
        "a": ["prod"],
        "b": ["prod", "tier=web"],
        "c": ["dev", "tier=db"],
        "d": ["v1.2:x"],
        "e": [],
    }.items():
        repo.define(name, tags=tags)
    repo.commit()
    cases = {
        "-t | tier=*": "b c",
        "-t | v1.2:x": "d",
        "-t | prod and not tier=web": "a",
        "-t | dev or prod and tier=web": "b c",
        "-t | (dev|prod), !tier=web": "a c",
        "-t | dev | -t | v1.2:x": "c d",
    }

    assert cases == pick(repo, cases)


def test_names_and_globs_choose_what_is_staged(repo):
    """
    `*` stops at a slash, `**` does not; several names mean or; names and -t intersect.
    """
    for name in ("db", "prod/db", "prod/dx", "prod/eu/db", "dev/eu/db"):
        repo.define(name, tags=[name.split("/")[0]])
    repo.commit()
    cases = {
        "prod/*": "prod/db prod/dx",
        "prod/**": "prod/db prod/dx prod/eu/db",
        "**/eu/*": "dev/eu/db prod/eu/db",
        "d*": "db",
        "db | prod/dx": "db prod/dx",
        "**/db | -t | prod": "prod/db prod/eu/db",
    }

    assert cases == pick(repo, cases)


def test_graph_operators_choose_what_is_staged(repo):
    """
    Descendants and ancestors, over connections, depends_on and react_on, with or without a number of steps.
    """
    repo.define("vpc", inputs={"id": 1})
    repo.define("db", inputs={"vpc": "${vpc.id}"})
    repo.define("app", depends_on=["db"])
    repo.define("web", react_on={"restart": ["app.update"]})
    repo.define("other")
    repo.commit()
    repo.stage("vpc", "db", "app", "web", "other")
    for name in ("vpc", "db", "app", "web", "other"):
        path = f"resources/{name}.yaml"
        repo.write(path, repo.read(path) + "# edited\n")
    repo.commit()
    cases = {
        "db+": "app db web",
        "db+1": "app db",
        "vpc+2": "app db vpc",
        "+app": "app db vpc",
        "+app+": "app db vpc web",
    }

    assert cases == pick(repo, cases)


def test_the_definition_says_which_tags_a_resource_has(repo):
    """
    A resource that was retagged is staged by its new tag; one whose definition is gone by its staged one.
    """
    repo.define("moved", tags=["dev"]).define("gone", tags=["prod"]).define("other", tags=["dev"]).apply_all()
    repo.define("moved", tags=["prod"], inputs={"a": 1}).define("other", tags=["dev"], inputs={"a": 1}).delete("gone")

    repo.stage("-t", "prod")

    assert ["gone.remove", "moved.update"] == trailers(repo)


def test_what_is_selected_has_to_exist(repo):
    """
    Unknown names, globs, tags and keys, also after `not`, and empty intersections are errors that name the nearest.
    """
    repo.define("db", tags=["prod", "tier=data"]).define("x/web", tags=["dev"]).commit()
    start = head(repo)
    names = "hint: the resources there are: db, x/web\n"
    tags = "hint: the tags there are: dev, prod, tier=data; one that may match nothing: 'vocabulary' in stagectl.yaml\n"
    cases = {
        "dbb": f"error: there is no resource 'dbb'; did you mean 'db'?\n{names}",
        "db | wob": f"error: there is no resource 'wob'\n{names}",
        "db | z/*": f"error: no resource matches 'z/*'\n{names}",
        "-t | prod or not prd": f"error: no resource has the tag 'prd'; did you mean 'prod'?\n{tags}",
        "-t | data": f"error: no resource has the tag 'data'; did you mean 'tier=data'?\n{tags}",
        "-t | teir=data": f"error: no resource has the tag 'teir=data'; did you mean 'tier=data'?\n{tags}",
        "-t | prod | -t | not teir=*": f"error: no resource has the tag 'teir=*'; did you mean 'tier=*'?\n{tags}",
    }

    for arguments, message in cases.items():
        done = repo.run("stage", *arguments.split(" | "))
        assert (1, "", message) == (done.code, done.out, done.err), arguments
    for arguments in ("db | -t | dev", "-t | dev and prod"):
        done = repo.run("stage", *arguments.split(" | "))
        assert (1, "", True) == (done.code, done.out, done.err.startswith("error: no resource matches")), arguments
    assert (start, []) == (head(repo), staged(repo))


def test_the_hint_of_an_empty_selection_names_the_tags_there_are(repo):
    """
    What could have been meant stands there.
    """
    repo.define("db", tags=["prod"]).define("web", tags=["dev"]).commit()

    assert "error: no resource matches db and -t 'dev'\nhint: the tags there are: dev, prod\n" == refused(
        repo, "db", "-t", "dev"
    )


def test_a_tag_expression_that_cannot_be_read_is_a_usage_error(repo):
    """
    The message says where, and shows how one is written.
    """
    repo.define("db", tags=["prod"]).commit()

    done = repo.run("stage", "-t", "prod && dev")

    assert 64 == done.code
    assert (
        "error: the tag expression 'prod && dev' cannot be read at character 7\n"
        "hint: write for example -t 'prod and (tier=web or tier=*) and not canary'\n" == done.err
    )
