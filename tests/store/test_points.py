"""Which wrong claims are shown as one mistake."""

from __future__ import annotations

from backend.store.points import Point, same_mistakes

SSO = "/v3/how-to-guides/cloud/manage-users/configure-sso"
DOCS = "Prefect Cloud's Enterprise plans offer single sign-on (SSO) with your team's identity provider."
PACK = "Single sign-on with the team's identity provider is part of the Enterprise plan."
LIMITS = "Prefect Cloud applies rate limits at the account level."


def grouped(*points: tuple[str, str, str, int]) -> list[list[str]]:
    made = [
        Point(f"{nth}", page, quote, correction, claims)
        for nth, (page, quote, correction, claims) in enumerate(points)
    ]
    return [[point.label for point in group] for group in same_mistakes(made)]


def test_other_cuts_of_one_sentence_and_the_pack_s_own_words_settle_the_same() -> None:
    assert grouped((SSO, DOCS, "", 3), (SSO, DOCS[:60], "", 2), (SSO, PACK, "", 1)) == [["0", "1", "2"]]


def test_the_same_correction_makes_the_same_mistake_whatever_was_quoted() -> None:
    right = "Single sign-on comes with Enterprise alone."
    assert grouped((SSO, "See the pricing page for plans.", right, 1), (SSO, DOCS, right, 1)) == [["0", "1"]]


def test_two_points_of_one_page_stay_two() -> None:
    directory = "Directory sync provisions users and groups through SCIM."
    assert grouped((SSO, DOCS, "", 1), (SSO, directory, "", 4)) == [["1"], ["0"]]


def test_the_same_words_on_two_pages_stay_two() -> None:
    assert len(grouped((SSO, DOCS, "", 1), ("/v3/concepts/rate-limits", DOCS, "", 1))) == 2


def test_a_point_that_is_only_like_a_third_does_not_join() -> None:
    first, last = "alpha bravo charlie delta", "echo foxtrot golf hotel"
    between = "alpha bravo echo foxtrot"
    assert grouped((SSO, first, "", 3), (SSO, between, "", 2), (SSO, last, "", 1)) == [["0", "1"], ["2"]]


def test_what_was_got_wrong_most_comes_first_and_few_words_must_be_equal() -> None:
    assert grouped((SSO, "16 GB", "", 1), (SSO, "16 TB", "", 2), (SSO, LIMITS, "", 9)) == [
        ["2"],
        ["1"],
        ["0"],
    ]


def test_nothing_is_alike_that_has_no_words() -> None:
    assert grouped((SSO, "", "", 1), (SSO, "…", "", 1)) == [["0"], ["1"]]
