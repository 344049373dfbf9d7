"""A fork's plan is posted as its author's word, and the token stays with the API."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import pytest

from tests.ci.world import MARKER, PLAN, World

pytestmark = pytest.mark.once


def test_two_workflows_comment_on_a_pull_request(shop: World) -> None:
    """
    The first only reads and leaves an artefact, the second posts it as it is.
    """
    job = shop.plan(shop.propose("update", "db", "--set", "port=5433"), PLAN)
    assert (job.code, shop.site.written()) == (0, [])

    posted = shop.comment()

    assert (posted.code, shop.site.written()) == (0, ["POST"]), posted.log
    assert shop.site.bodies(1) == [shop.site.artifacts["comment.md"].decode()]


def test_a_forks_plan_is_posted_as_its_authors_word(shop: World) -> None:
    """
    The comment says who computed it; with the one-file workflow there is none, and the job says why.
    """
    commit = shop.propose("update", "db", "--set", "port=5433", origin="eve/infra")
    alone = shop.plan(commit)
    assert (alone.code, shop.site.written()) == (0, [])
    assert "docs/ci.md has two workflows for it" in alone.log

    shop.plan(commit, PLAN)
    shop.comment()

    first, second, *_ = shop.site.bodies(1)[0].splitlines()
    assert first.startswith("<!-- stagectl:plan ")
    assert second == "> Computed by the pull request's own run, in `eve/infra`: no proof of what will be applied."


def test_the_token_stays_with_the_api(shop: World) -> None:
    """
    An artefact's bytes are fetched from another host, which gets no token.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"), PLAN)
    shop.comment()

    tokens = {path.split("?")[0]: token for _, path, token in shop.site.calls}
    assert tokens["/storage"] == ""
    assert tokens["/repos/shop/infra/actions/artifacts/5/zip"] == "Bearer the-token"


def hostile() -> Dict[str, Tuple[Dict[str, bytes], str]]:
    """What a fork may upload, and the answer; made anew, so that no process of the tests carries the bomb with it."""
    return {
        "another pull request": ({"pull-request": b"2"}, "Nothing posted: #2 is not, or no longer, at the commit"),
        "no number": ({"pull-request": b"1/../../x"}, "the artefact does not name a pull request"),
        "another digit": ({"pull-request": "\u00b2".encode()}, "the artefact does not name a pull request"),
        "no marker": ({"comment.md": b"# Hello\n"}, "does not begin with stagectl's marker"),
        "an open marker": (
            {"comment.md": MARKER.replace(" -->", "").encode()},
            "does not begin with stagectl's marker",
        ),
        "too long": ({"comment.md": MARKER.encode() + b"x" * 65_000}, "is larger than 65000 bytes"),
        "a bomb": ({"comment.md": MARKER.encode() + b"\0" * 50_000_000}, "is larger than 65000 bytes"),
        "no text": ({"comment.md": MARKER.encode() + b"\xff"}, "is not UTF-8"),
    }


@pytest.mark.parametrize("case", list(hostile()))
def test_a_hostile_artefact_is_not_posted(shop: World, case: str) -> None:
    """
    Whatever a fork's run may upload, it reaches no other pull request and is nothing but a plan's text.
    """
    shop.propose("update", "db", "--set", "port=5433", origin="eve/infra")
    shop.site.pulls[2] = {"number": 2, "head": {"sha": "b" * 40, "repo": {"full_name": "shop/infra"}}}
    files, message = hostile()[case]
    shop.site.artifacts = {"pull-request": b"1", "comment.md": MARKER.encode(), **files}

    job = shop.comment()

    assert message in job.log
    assert shop.site.written() == []


@pytest.mark.parametrize(
    "run", [{"head_sha": "c" * 40}, {"head_repository": {"full_name": "eve/infra"}}, {"event": "push"}], ids=str
)
def test_a_run_of_another_commit_or_event_posts_nothing(shop: World, run: Dict[str, Any]) -> None:
    """
    The event says which commit of which repository was planned, and that is not the artefact's to say.
    """
    shop.propose("update", "db", "--set", "port=5433")
    shop.site.artifacts = {"pull-request": b"1", "comment.md": MARKER.encode()}

    job = shop.comment(**run)

    assert (job.code, shop.site.written()) == (0, []), job.log
