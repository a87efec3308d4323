"""Syncing from a site: what is read of it, how politely, and what becomes of pages that do harm."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import CoachError, DocsUnreachable, UnusableKnowledge
from backend.services.docs_ledger import last_sync, one_at_a_time
from backend.services.docs_sync import SyncResult, sync, sync_from, sync_site
from backend.services.site_reader import Manners
from backend.services.synced_docs import SyncedDocs
from tests.services.docs_site_server import Asked, DocsSite, Fault, answer, redirects_of, sends, served
from tests.services.docs_tree import write_docs

pytestmark = pytest.mark.anyio
HASTY = Manners(tries=2, answer_s=2, pause_s=0.01, longest_pause_s=1)
WORKERS = "/v3/concepts/workers"


def pages(count: int = 12) -> dict[str, str]:
    """So many small pages, the workers' among them."""
    others = {
        f"/v3/concepts/page-{n}": f"# Page {n}\n\nThis is what page {n} says.\n" for n in range(count - 1)
    }
    return {WORKERS: "# Workers\n\n> What polls.\n\n## Polling\n\nWorkers poll every 15 seconds.\n", **others}


@pytest.fixture
async def site() -> AsyncIterator[DocsSite]:
    async with DocsSite(pages()) as site:
        yield site


async def synced(site: DocsSite, data: Path, *, force: bool = False) -> SyncResult:
    return await sync_site(site.url, data, manners=HASTY, force=force)


def words_of(data: Path, path: str = WORKERS) -> str:
    with closing(SyncedDocs(data)) as copy:
        return "\n".join(section.text for section in copy.page_sections(path, "", "", 50))


# -- what is read


async def test_a_site_and_the_checkout_it_is_made_from_give_the_same_index(tmp_path: Path) -> None:
    docs = write_docs(tmp_path / "docs")
    sync(docs, tmp_path / "from-checkout")
    async with DocsSite(served(docs)) as site:
        site.redirects = redirects_of(docs)
        result = await synced(site, tmp_path / "from-site")
    assert (result.pages, result.reference_pages, result.releases, result.skipped) == (4, 3, 3, [])
    with (
        closing(SyncedDocs(tmp_path / "from-checkout")) as one,
        closing(SyncedDocs(tmp_path / "from-site")) as two,
    ):
        assert two.texts() == one.texts()
        assert two.release("3.10.1") == one.release("3.10.1")


async def test_the_whole_documentation_comes_from_a_site_as_from_its_checkout(
    shared: Path, tmp_path: Path
) -> None:
    docs = shared / "docs"
    sync(docs, tmp_path / "from-checkout")
    async with DocsSite(served(docs)) as site:
        site.redirects = redirects_of(docs)
        steps: list[tuple[int, int]] = []
        result = await sync_site(site.url, tmp_path / "from-site", lambda *step: steps.append(step))
    assert result.skipped == []
    assert steps[-1] == (result.pages + result.reference_pages,) * 2
    with (
        closing(SyncedDocs(tmp_path / "from-checkout")) as one,
        closing(SyncedDocs(tmp_path / "from-site")) as two,
    ):
        assert two.texts() == one.texts()


@pytest.mark.parametrize("listed_in", ["llms.txt", "sitemap"])
async def test_either_list_is_enough(listed_in: str, tmp_path: Path) -> None:
    async with DocsSite(pages(), listed_in=(listed_in,)) as site:
        assert (await synced(site, tmp_path)).pages == 12


async def test_a_site_without_the_suffix_is_asked_for_markdown_by_header(
    site: DocsSite, tmp_path: Path
) -> None:
    site.suffix = False
    assert (await synced(site, tmp_path)).pages == 12
    assert "<html>" not in words_of(tmp_path)


async def test_a_page_that_moved_is_found_under_both_addresses(site: DocsSite, tmp_path: Path) -> None:
    site.redirects = {"/v3/old.md": f"{WORKERS}.md"}
    site.extra_links = ["https://docs.prefect.io/v3/old.md"]
    assert (await synced(site, tmp_path)).pages == 12
    assert "every 15 seconds" in words_of(tmp_path, "/v3/old")


async def test_a_page_that_leads_to_the_front_page_is_gone(site: DocsSite, tmp_path: Path) -> None:
    site.redirects = {f"{WORKERS}.md": "/", WORKERS: "/"}
    site.faults["/"] = sends("# Welcome\n\nWorkers are welcome.\n")
    result = await synced(site, tmp_path)
    assert result.skipped == [f"{WORKERS}: it is listed, but not there."]
    assert not words_of(tmp_path)


async def test_only_the_documentation_of_this_site_is_asked_for(site: DocsSite, tmp_path: Path) -> None:
    site.extra_links = [
        "https://evil.example/v3/concepts/evil.md",
        "file:///etc/passwd",
        "/v3/../../etc/passwd",
        "/v3/logo.svg",
        "/blog/post.md",
        "http://[broken",
        "/v3/with space.md",
    ]
    assert (await synced(site, tmp_path)).pages == 12
    asked = {path.removesuffix(".md") for path in site.paths_asked()}
    assert asked - set(pages()) == {"/robots.txt", "/llms.txt", "/sitemap.xml", "/sitemap-1.xml"}


async def test_symbols_commands_and_versions_are_asked_of_the_reference_and_nothing_else_is(
    tmp_path: Path,
) -> None:
    reference = {
        "/v3/api-ref/python/prefect-flows": "# flows\n\n### `serve`\n\nprefect.flows.serve starts one.\n",
        "/v3/api-ref/cli/deploy": "# deploy\n\n`prefect deploy --all` deploys every worker.\n",
    }
    async with DocsSite(pages() | reference) as site:
        result = await synced(site, tmp_path)
    assert (result.pages, result.reference_pages) == (12, 2)
    with closing(SyncedDocs(tmp_path)) as copy:
        (found,) = copy.reference("what does prefect.flows.serve do?", 5)
        assert found.url == "https://docs.prefect.io/v3/api-ref/python/prefect-flows#serve"
        assert copy.reference("then we say --all", 1)[0].title == "deploy"
        assert copy.reference("does a worker deploy every flow", 5) == []
        assert all("/api-ref/" not in (one.url or "") for one in copy.search("worker deploy serve", 20))


# -- manners


async def test_robots_txt_is_obeyed(site: DocsSite, tmp_path: Path) -> None:
    site.robots = "User-agent: *\nDisallow: /v3/concepts/page-1.md\nDisallow: /v3/concepts/page-1\n"
    site.pages |= {f"/v3/more-{n}": f"# More {n}\n\nMore.\n" for n in range(10)}
    result = await synced(site, tmp_path)
    assert f"{WORKERS}.md" in site.paths_asked()
    assert "/v3/concepts/page-1.md" not in site.paths_asked()
    # The rule holds for what begins so: page-10 too.
    assert len(result.skipped) == 2
    assert "robots.txt asks not to read it" in result.skipped[0]


async def test_a_robots_txt_that_cannot_be_had_ends_the_sync_before_a_page_is_asked_for(
    site: DocsSite, tmp_path: Path
) -> None:
    site.faults["/robots.txt"] = sends("no", status="503 Unavailable")
    with pytest.raises(DocsUnreachable, match="cannot be synced from now"):
        await synced(site, tmp_path)
    assert set(site.paths_asked()) == {"/robots.txt"}


async def test_a_crawl_delay_is_kept_and_one_beyond_patience_is_said(site: DocsSite, tmp_path: Path) -> None:
    site.robots = "User-agent: *\nCrawl-delay: 9\n"
    with pytest.raises(DocsUnreachable, match="asks for 9 s between pages"):
        await synced(site, tmp_path)
    assert set(site.paths_asked()) == {"/robots.txt"}


async def test_no_more_requests_are_under_way_than_manners_allow(site: DocsSite, tmp_path: Path) -> None:
    async def slow(asked: Asked) -> AsyncIterator[bytes]:
        await asyncio.sleep(0.05)
        yield answer(
            site.pages[asked.path.removesuffix(".md")], "text/markdown", more="connection: close\r\n"
        )

    site.faults = {f"{path}.md": slow for path in site.pages}
    await sync_site(site.url, tmp_path, manners=HASTY._replace(at_once=3))
    assert site.busiest == 3


async def test_what_has_not_changed_is_not_sent_again(site: DocsSite, tmp_path: Path) -> None:
    await synced(site, tmp_path)
    before = SyncedDocs(tmp_path).page_sections(WORKERS, "", "", 1)[0]
    site.asked.clear()
    site.pages[WORKERS] = site.pages[WORKERS].replace("15", "10")
    assert (await synced(site, tmp_path)).changes == 1
    conditional = [one for one in site.asked if one.path in {f"{path}.md" for path in site.pages}]
    assert len(conditional) == 12
    assert all("if-none-match" in one.headers for one in conditional)
    assert "every 10 seconds" in words_of(tmp_path)
    assert SyncedDocs(tmp_path).page_sections(WORKERS, "", "", 1)[0].read_at > before.read_at


async def test_a_busy_site_is_asked_again_when_it_wishes(site: DocsSite, tmp_path: Path) -> None:
    busy = sends("later", status="429 Too Many Requests", more="retry-after: 0\r\n")
    broken = sends("oops", status="502 Bad Gateway")
    site.faults[f"{WORKERS}.md"] = (busy, broken)
    result = await sync_site(site.url, tmp_path, manners=HASTY._replace(tries=3))
    assert result.skipped == []
    assert site.paths_asked().count(f"{WORKERS}.md") == 3


async def test_a_site_that_wants_to_be_left_alone_is(site: DocsSite, tmp_path: Path) -> None:
    gone = sends("go away", status="429 Too Many Requests", more="retry-after: 3600\r\n")
    site.faults = {f"{path}.md": gone for path in site.pages}
    with pytest.raises(DocsUnreachable, match="asks to be left alone for 3600 s"):
        await synced(site, tmp_path)
    assert len([path for path in site.paths_asked() if path.endswith(".md")]) <= HASTY.at_once


# -- interrupted, incomplete, half


async def test_an_interrupted_sync_goes_on_where_it_stopped(site: DocsSite, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 7:
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        await sync_site(site.url, tmp_path, stop, manners=HASTY._replace(at_once=1))
    assert SyncedDocs(tmp_path).state() is None
    site.asked.clear()
    assert (await synced(site, tmp_path)).pages == 12
    assert len([path for path in site.paths_asked() if path.endswith(".md")]) == 5


async def test_too_many_broken_pages_replace_nothing_and_the_next_try_asks_for_them_alone(
    site: DocsSite, tmp_path: Path
) -> None:
    await synced(site, tmp_path)
    site.pages = {path: text + "\nNew.\n" for path, text in site.pages.items()}
    broken = sends("oops", status="500 Internal Server Error")
    site.faults = {f"/v3/concepts/page-{n}.md": broken for n in range(4)}
    with pytest.raises(DocsUnreachable, match="4 of 12 pages"):
        await synced(site, tmp_path)
    assert "New." not in words_of(tmp_path)
    last = last_sync(tmp_path)
    assert last
    assert (last.outcome, last.note) == ("incomplete", "4 of 12 pages could not be read.")
    site.faults = {}
    site.asked.clear()
    await synced(site, tmp_path)
    assert "New." in words_of(tmp_path)
    assert len([path for path in site.paths_asked() if path.endswith(".md")]) == 4


async def test_a_site_that_is_down_is_not_asked_for_every_page(tmp_path: Path) -> None:
    async with DocsSite(pages(200)) as site:
        site.faults = {f"{path}.md": sends("oops", status="500 Oops") for path in site.pages}
        with pytest.raises(DocsUnreachable, match="of 200 pages"):
            await synced(site, tmp_path)
    assert len({path for path in site.paths_asked() if path.endswith(".md")}) < 50


async def test_a_site_that_hangs_is_not_waited_for_time_and_again(tmp_path: Path) -> None:
    manners = Manners(at_once=1, tries=4, answer_s=0.3, pause_s=0.01)
    async with DocsSite(pages(10)) as site:
        for path in site.pages:
            site.faults[f"{path}.md"] = waits
        with pytest.raises(DocsUnreachable, match=r"10 of 10 pages .* could not be read .* in time"):
            await sync_site(site.url, tmp_path, manners=manners)
        asked = [path for path in site.paths_asked() if path.endswith(".md")]
        assert len(asked) == 4 + 9

        site.faults = {f"{WORKERS}.md": (waits, waits, waits)}
        assert (await sync_site(site.url, tmp_path, manners=manners)).pages == 10


async def test_what_moved_by_a_checkout_is_found_after_a_sync_from_a_site_too(tmp_path: Path) -> None:
    docs = write_docs(tmp_path / "docs")
    sync(docs, tmp_path / "data")
    async with DocsSite(served(docs)) as site:
        await synced(site, tmp_path / "data")
    assert "Cron runs on time" in words_of(tmp_path / "data", "/v3/old/schedules")


async def test_a_page_that_cannot_be_read_now_keeps_the_words_and_the_time_of_its_last_reading(
    site: DocsSite, tmp_path: Path
) -> None:
    await synced(site, tmp_path)
    before = SyncedDocs(tmp_path).page_sections(WORKERS, "", "", 1)[0]
    site.faults[f"{WORKERS}.md"] = sends("oops", status="500 Internal Server Error")
    result = await synced(site, tmp_path)
    assert result.skipped == [f"{WORKERS}.md: status 500."]
    with closing(SyncedDocs(tmp_path)) as copy:
        after = copy.page_sections(WORKERS, "", "", 1)[0]
        assert (after.text, after.read_at) == (before.text, before.read_at)
        assert copy.page_sections("/v3/concepts/page-1", "", "", 1)[0].read_at > before.read_at


async def test_far_fewer_pages_than_before_replace_nothing_unless_it_is_meant(
    site: DocsSite, tmp_path: Path
) -> None:
    await synced(site, tmp_path)
    site.pages = dict(list(site.pages.items())[:5])
    with pytest.raises(UnusableKnowledge, match="5 pages where 12 are held"):
        await synced(site, tmp_path)
    assert words_of(tmp_path, "/v3/concepts/page-9")
    last = last_sync(tmp_path)
    assert last
    assert last.outcome == "refused"
    assert (await synced(site, tmp_path, force=True)).pages == 5
    assert not words_of(tmp_path, "/v3/concepts/page-9")


async def test_pages_that_are_gone_are_gone_from_the_copy(site: DocsSite, tmp_path: Path) -> None:
    await synced(site, tmp_path)
    site.faults = {path: sends("", status="404 Not Found") for path in (f"{WORKERS}.md", WORKERS)}
    result = await synced(site, tmp_path)
    assert result.skipped == [f"{WORKERS}: it is listed, but not there."]
    assert not words_of(tmp_path)
    with closing(SyncedDocs(tmp_path)) as copy:
        assert [(one.what, one.url) for one in copy.changes()] == [
            ("removed", "https://docs.prefect.io/v3/concepts/workers")
        ]


async def test_one_sync_runs_at_a_time(site: DocsSite, tmp_path: Path) -> None:
    with one_at_a_time(tmp_path), pytest.raises(UnusableKnowledge, match="Another sync"):
        await synced(site, tmp_path)
    assert site.asked == []
    assert (await synced(site, tmp_path)).pages == 12


# -- hostile pages


async def never_ends(asked: Asked) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\ncontent-type: text/markdown\r\nconnection: close\r\n\r\n# Big\n"
    while True:
        yield b"all work and no play " * 5_000


async def drips(asked: Asked) -> AsyncIterator[bytes]:
    for byte in answer("# Slow\n\n" + "so slow " * 100, "text/markdown"):
        yield bytes([byte])
        await asyncio.sleep(0.05)


async def waits(asked: Asked) -> AsyncIterator[bytes]:
    await asyncio.sleep(600)
    yield b""


async def half(asked: Asked) -> AsyncIterator[bytes]:
    yield answer("# Half a page\n\nIt ends in the mid", "text/markdown")[:-10]


async def hangs_up(asked: Asked) -> AsyncIterator[bytes]:
    return
    yield


def bomb() -> bytes:
    return gzip.compress(b"\0" * 30_000_000, 9)


GZIP = "content-encoding: gzip\r\n"
SCRIPT = "<!DOCTYPE html><html><script>alert(1)</script>Workers poll every 99 seconds</html>"


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (sends(SCRIPT, "text/html"), "it is text/html"),
        (sends(SCRIPT, "text/markdown"), "it is text/markdown"),
        (sends("PK\3\4", "application/zip"), "it is application/zip"),
        (sends(b"x" * 50_000_000), "longer than 2,000,000 bytes"),
        (never_ends, "longer than 2,000,000 bytes"),
        (sends(bomb(), more=GZIP), "longer than 2,000,000 bytes"),
        (sends(gzip.compress(b"# W\n" * 9)[:-9], more=GZIP), "the answer broke off"),
        (sends(b"\x1f\x8bnot gzip at all", more=GZIP), "the answer broke off"),
        (sends(b"..", more="content-encoding: br\r\n"), "packed as 'br'"),
        (half, "the answer broke off"),
        (hangs_up, "the answer broke off"),
        (drips, "no whole answer in time"),
        (waits, "no whole answer in time"),
        (sends("# A\0B\xff".encode("latin-1")), "it is no text"),
        (sends(b"# Caf\xe9", "text/markdown; charset=punycode"), "it is no text"),
        (sends("", status="302 Found", more=f"location: {WORKERS}.md\r\n"), "redirects without an end"),
        (
            sends("", status="302 Found", more="location: http://169.254.169.254/latest/\r\n"),
            "another site, 169.254.169.254",
        ),
        (sends("", status="302 Found", more="location: http://127.0.0.1:1/\r\n"), "another site"),
        (sends("", status="302 Found", more="location: file:///etc/passwd\r\n"), "another site"),
        (sends("", status="302 Found", more="location: http://a:b:c/\r\n"), "the answer broke off"),
        (sends("no", status="403 Forbidden"), "status 403"),
        (sends("no", status="500 Oops"), "status 500"),
    ],
    ids=lambda value: value if isinstance(value, str) else "fault",  # the same in every process
)
async def test_a_page_that_does_harm_is_named_and_the_others_are_synced(
    fault: Fault, why: str, site: DocsSite, tmp_path: Path
) -> None:
    site.faults = {f"{WORKERS}.md": fault, WORKERS: fault}
    result = await synced(site, tmp_path)
    assert result.pages == 11
    (skipped,) = result.skipped
    assert skipped.startswith(WORKERS)
    assert why in skipped
    assert not words_of(tmp_path)


async def test_words_in_another_charset_are_read_and_a_wrong_label_on_utf8_is_not_believed(
    site: DocsSite, tmp_path: Path
) -> None:
    site.faults = {
        "/v3/concepts/page-1.md": sends(
            "# One\n\nCafé crème".encode("latin-1"), "text/plain; charset=ISO-8859-1"
        ),
        "/v3/concepts/page-2.md": sends("# Café\n\nà la crème", "text/markdown; charset=iso-8859-1"),
    }
    await synced(site, tmp_path)
    assert "Café crème" in words_of(tmp_path, "/v3/concepts/page-1")
    assert "à la crème" in words_of(tmp_path, "/v3/concepts/page-2")


@pytest.mark.parametrize(
    "fault",
    [
        sends(SCRIPT, "text/html"),
        sends("x" * 11_000_000, "text/plain"),
        sends("<urlset>" + "<loc>" * 200_000, "application/xml"),
        sends('<!DOCTYPE x [<!ENTITY a "b">]><urlset><loc>&a;</loc></urlset>', "application/xml"),
        sends(bomb(), "text/plain", more=GZIP),
    ],
)
async def test_lists_that_list_nothing_are_said_so(fault: Fault, site: DocsSite, tmp_path: Path) -> None:
    site.faults = {"/llms.txt": fault, "/sitemap.xml": fault}
    with pytest.raises(DocsUnreachable, match="lists no page"):
        await synced(site, tmp_path)


async def test_sitemaps_that_name_each_other_for_ever_are_left(site: DocsSite, tmp_path: Path) -> None:
    async def another(asked: Asked) -> AsyncIterator[bytes]:
        number = int("".join(filter(str.isdigit, asked.path)) or 0)
        place = f"<sitemapindex><loc>/sitemap-{number + 1}.xml</loc><loc>/sitemap-{number + 2}.xml</loc>"
        yield answer(place, "application/xml", more="connection: close\r\n")

    site.faults |= {f"/sitemap-{n}.xml": another for n in range(500)} | {"/sitemap.xml": another}
    assert (await synced(site, tmp_path)).pages == 12
    assert len(site.asked) < 100


@pytest.mark.parametrize("address", ["docs.prefect.io", "ftp://docs.prefect.io", "http://", "http://[", ""])
async def test_what_is_no_site_is_said_so(address: str, tmp_path: Path) -> None:
    with pytest.raises(CoachError, match="no address of a docs site"):
        await sync_site(address, tmp_path)


@pytest.mark.parametrize("address", ["ftp://docs.prefect.io", "file:///srv/docs", "://docs"])
async def test_an_address_of_another_scheme_is_not_read_as_a_directory(address: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableKnowledge, match="no address of a docs site"):
        await sync_from(address, tmp_path)


async def test_a_site_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    async with DocsSite({}) as gone:
        url = gone.url
    with pytest.raises(DocsUnreachable, match=r"robots\.txt: the site cannot be reached"):
        await sync_site(url, tmp_path, manners=HASTY)
