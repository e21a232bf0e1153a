"""The gateway's pages in a real browser."""

import os

import pytest

from browser import CHROMIUM, Browser

needs_browser = pytest.mark.skipif(not CHROMIUM, reason="SKIPPED: Chromium is not installed")


@pytest.fixture
def browser(tmp_path):
    browser = Browser(str(tmp_path))
    yield browser
    browser.close()


def fits(browser):
    return browser.ask("document.documentElement.scrollWidth <= innerWidth")


@needs_browser
def test_code_in_the_description_looks_like_code(fleet, browser):
    browser.open(fleet.url + "/docs")
    browser.until("document.querySelectorAll('details.operation').length > 20")
    browser.ask("document.querySelectorAll('details').forEach((one) => one.open = true)")
    # Patterns within the schemas' sketches may have backticks of their own.
    assert browser.ask("""[...document.querySelectorAll('#document p, #document td, #document h2, .what')]
        .filter((one) => one.textContent.includes('`')).map((one) => one.textContent)""") == []
    codes = browser.ask("[...document.querySelectorAll('.lead code')].map((one) => one.textContent)")
    assert "application/problem+json" in codes and "X-CSRF-Token" in codes
    # What looks like markup in a description is text.
    marked = browser.ask("""import('/docs.js').then(({ prose }) => {
        const place = document.createElement('p');
        place.append(...prose('a `<b>x</b>` <i>y</i> `open'));
        return [place.textContent, place.children.length, place.querySelector('code').textContent];
    })""")
    assert marked == ["a <b>x</b> <i>y</i> `open", 1, "<b>x</b>"]


@needs_browser
@pytest.mark.parametrize("path", ["/", "/docs"])
@pytest.mark.parametrize("dark", [False, True])
def test_pages_fit_a_phone_and_show_where_the_keyboard_is(fleet, browser, path, dark):
    browser.look(360, 740, dark)
    browser.open(fleet.url + path)
    browser.until("document.readyState == 'complete' && !!document.querySelector('h1')")
    if path == "/docs":
        browser.until("document.querySelectorAll('details.operation').length > 20")
        browser.ask("document.querySelectorAll('details').forEach((one) => one.open = true)")
    assert fits(browser)
    seen = set()
    for _ in range(8):
        browser.key("Tab")
        place = browser.ask("""(() => {
            const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
            return [one.tagName, one.textContent.trim().slice(0, 20), style.outlineStyle, parseFloat(style.outlineWidth),
                    box.width > 0 && box.right > 0 && box.left < innerWidth];
        })()""")
        if place[0] != "BODY":
            assert place[2] != "none" and place[3] >= 2 and place[4], place
            seen.add((place[0], place[1]))
    assert len(seen) >= 3, seen
    folder = os.environ.get("ATELIER_PICTURES")
    if folder:
        name = path.strip("/").replace("/", "-") or "home"
        browser.ask("scrollTo(0, 0)")
        browser.picture(os.path.join(folder, f"{name}-{'dark' if dark else 'light'}-phone.png"))
        browser.look(1280, 900, dark)
        browser.picture(os.path.join(folder, f"{name}-{'dark' if dark else 'light'}.png"))
