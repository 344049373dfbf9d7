"""What differs between pairs of trees, asked in one go."""

from __future__ import annotations

from stagectl.adapters.git.git import Git
from tests.build import Repo


def test_pairs_in_which_nothing_is_meant_are_not_taken_for_those_after_them(repo: Repo) -> None:
    """
    Git names them, too, and without a difference: what comes next is that of the next pair.
    """
    texts = ["n: 1", "n: 2", "n: 3", "moved_from: a", "n: 4", "moved_from: b"]
    commits = [repo.write("a.yaml", f"{text}\n").commit() for text in texts]
    git = Git(repo.root)
    trees = git.look_up([f"{commit}^{{tree}}" for commit in commits])
    pairs = [(one, two) for one, two in zip(trees, trees[1:]) if one is not None and two is not None]

    found = git.tree_changes(pairs, "-Gmoved_from", "--pickaxe-all")

    assert [0, 0, 1, 1, 1] == [len(entries) for entries in found]
