"""The page on product knowledge: words to try, and a report judged anew from it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.samples import IMAGE, SCRIPT, Sampled
from tests.conftest import REPO
from tests.service import running, settings_in

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@BOTH
async def test_words_to_try_find_passages_with_their_pages(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, java_script_enabled=scripts)
    page = await visitor.open("/knowledge")
    words = page.get_by_label("Words as somebody said them on a call")
    await words.fill("that little poller asks for jobs every fifteen seconds")
    await words.press("Enter")
    first = page.locator(".passages > li").first
    await expect(first.get_by_role("link")).to_have_attribute(
        "href", "https://docs.prefect.io/v3/concepts/workers"
    )
    await expect(words).to_have_value("that little poller asks for jobs every fifteen seconds")
    await words.fill(SCRIPT + IMAGE)
    await words.press("Enter")
    await expect(words).to_have_value(SCRIPT + IMAGE)
    assert await page.title() != "taken over"


async def test_a_report_on_changed_ground_is_judged_anew_at_the_press_of_a_button(
    data: Path, tmp_path: Path, visit: Visit
) -> None:
    assert data == tmp_path / "data"
    pack = tmp_path / "knowledge"
    shutil.copytree(REPO / "knowledge", pack)
    settings = settings_in(tmp_path, coach_knowledge_dir=pack)
    async with running(settings) as service:
        report = await service.analyze()
    changed = pack / "pages/v3/concepts/automations.yaml"
    changed.write_text(changed.read_text().replace("automation actions are Cloud-exclusive", "want Cloud"))
    async with running(settings) as service:
        while await service.house.survey.latest() is None:
            pass  # each waits a moment
        visitor = await visit(str(service.http.base_url))
        page = await visitor.open("/knowledge")
        await expect(page.get_by_text("The quoted words are gone.").first).to_be_visible()
        await page.get_by_role("button", name="Judge anew").click()
        await expect(page.get_by_role("status")).to_contain_text("Judged anew")
        await page.get_by_role("link", name="the report as it stands now").click()
        await expect(page).to_have_url(f"{visitor.base}/calls/{report.id}")
        anew = await service.house.store.by_id(report.id)
    assert len(anew.history) == 1
