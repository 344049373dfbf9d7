"""Which words are suggested in place of one that is not known."""

from __future__ import annotations

from stagectl.core.errors import Nearest


def test_the_first_twenty_words_of_a_report_have_a_suggestion_wherever_they_stand() -> None:
    """
    To compare each of thousands with thousands would take minutes.
    """
    names = [f"web-{number}" for number in range(100, 200)]
    nearest = Nearest(names)
    words = [f"wbe-{number}" for number in range(100, 200)]

    found = [nearest.to(word) for word in words]

    assert all(f"'{name}'" in one for name, one in zip(names[:20], found))
    assert {""} == set(found[20:])
    assert found == [nearest.to(word) for word in words]


def test_what_a_reader_means_is_not_the_reader() -> None:
    nearest = Nearest(["web", "wb", "web2", "db"])

    assert "; did you mean 'web' or 'web2'?" == nearest.to("web3")
    assert "; did you mean 'web' or 'wb'?" == nearest.to("web3", other="web2")
    assert "; did you mean 'web'?" == Nearest(["web", "db"], {"old": ["web"]}).to("old")
