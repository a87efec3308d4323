"""A rep disputes a verdict, a manager overrules it, and both are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.samples import HOSTILE_REASON, SCRIPT
from tests.service import Service, running, settings_in

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
REP, MANAGER = "a-token-for-reps-alone", "a-token-for-managers"


@BOTH
async def test_a_disputed_verdict_is_overruled_and_both_words_stay(
    scripts: bool, own: Service, visit: Visit
) -> None:
    report = await own.analyze()
    wrong = report.wrong_claims()[0]
    visitor = await visit(str(own.http.base_url), java_script_enabled=scripts)
    page = await visitor.open(f"/calls/{report.id}#{wrong.id}")
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    card = page.locator("details").filter(has=page.locator(f"[id='{wrong.id}']")).last
    await card.get_by_role("link", name="Disagree?").click()
    form = page.locator("form", has=page.get_by_role("button", name="Dispute", exact=True))
    await form.get_by_label("Your name").fill("Mara Quint")
    await form.get_by_label("Your reason").fill("It was asked of Hobby alone.")
    await form.get_by_role("button").click()
    await expect(page).to_have_url(f"{visitor.base}/calls/{report.id}#{wrong.id}")

    await visitor.open("/disputes")
    await expect(page.get_by_text("It was asked of Hobby alone.")).to_be_visible()
    await page.get_by_role("link", name=wrong.quote.text).press("Enter")
    form = page.locator("form", has=page.get_by_role("button", name="Rule", exact=True))
    await form.get_by_label("What stands from now on").select_option("supported")
    await form.get_by_label("Your name").fill("Ruth Manager")
    await form.get_by_label("Your reason").fill("Heard in its place it is right.")
    await form.get_by_role("button").click()
    await expect(page).to_have_url(f"{visitor.base}/calls/{report.id}#{wrong.id}")
    card = page.locator("details").filter(has=page.locator(f"[id='{wrong.id}']")).last
    for said in ("It was asked of Hobby alone.", "Heard in its place it is right."):
        await expect(card.get_by_text(said).first).to_be_attached()

    after = await own.house.store.by_id(report.id)
    claim = next(one for one in after.claims if one.id == wrong.id)
    assert claim.ruling is not None
    assert (claim.verdict, claim.ruling.found) == ("supported", wrong.verdict)
    assert len(after.wrong_claims()) == len(report.wrong_claims()) - 1


async def test_a_dispute_without_a_reason_is_not_taken_and_a_hostile_one_is_text(
    own: Service, visit: Visit
) -> None:
    report = await own.analyze()
    wrong = report.wrong_claims()[0]
    visitor = await visit(str(own.http.base_url))
    visitor.expects("status of 400")
    page = await visitor.open(f"/calls/{report.id}/claims/{wrong.id}")
    form = page.locator("form", has=page.get_by_role("button", name="Dispute", exact=True))
    await form.get_by_label("Your name").fill(SCRIPT)
    await form.get_by_label("Your reason").fill("   ")
    await form.get_by_role("button").click()
    await expect(form.get_by_label("Your name")).to_have_value(SCRIPT)
    await form.get_by_label("Your reason").fill(HOSTILE_REASON)
    await form.get_by_role("button").click()
    await expect(page).to_have_url(f"{visitor.base}/calls/{report.id}#{wrong.id}")
    assert await visitor.overhang() == []
    await visitor.open("/disputes")
    await expect(page.get_by_text(HOSTILE_REASON).first).to_be_visible()
    assert await page.title() != "taken over"


@pytest.fixture
async def guarded(data: Path, tmp_path: Path) -> AsyncIterator[Service]:
    """A service with a token for reps and one for managers."""
    assert data == tmp_path / "data"
    tokens = {"coach_api_tokens": f"{REP},{MANAGER}", "coach_manager_tokens": MANAGER}
    async with running(settings_in(tmp_path, **tokens)) as service:
        service.http.headers["authorization"] = f"Bearer {MANAGER}"
        yield service


@pytest.mark.parametrize(("token", "rules"), [(REP, 0), (MANAGER, 1)], ids=["a rep", "a manager"])
async def test_only_a_manager_can_overrule(token: str, rules: int, guarded: Service, visit: Visit) -> None:
    report = await guarded.analyze()
    wrong = report.wrong_claims()[0]
    visitor = await visit(str(guarded.http.base_url))
    page = await visitor.open("/login")
    await page.get_by_label("Your access token").fill(token)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Calls")).to_be_visible()
    await visitor.open(f"/calls/{report.id}/claims/{wrong.id}")
    await expect(page.get_by_role("button", name="Dispute", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Rule", exact=True)).to_have_count(rules)
