"""The gateway's pages in a real browser: the API's description, and the way back from a social network."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

import pytest

from browser import CHROMIUM, Browser
from client import PASSWORD, Client

needs_browser = pytest.mark.skipif(not CHROMIUM, reason="SKIPPED: Chromium is not installed")


@pytest.fixture
def browser(tmp_path):
    browser = Browser(str(tmp_path))
    yield browser
    browser.close()


def redirect(url):
    """Where a browser would be sent from there."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(Stay).open(url, timeout=10)
    assert caught.value.status == 302
    return caught.value.headers["Location"]


def fits(browser):
    return browser.ask("document.documentElement.scrollWidth <= innerWidth")


def test_the_network_leads_back_to_a_page(fleet, client):
    started = client.post("/social-accounts", {"platform": "sandbox"})
    target = redirect(started["authorizationUrl"] + "&approve=true")
    assert target.startswith(fleet.url + "/social-accounts/callback?")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
    assert query["code"] and query["state"] and query["iss"]
    with urllib.request.urlopen(target, timeout=10) as answer:
        page = answer.read().decode()
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.headers["Cache-Control"] == "no-store"
    assert query["code"] not in page and query["state"] not in page
    # To open the page alone connects nothing, and uses nothing up.
    assert client.get("/social-accounts")["items"] == []
    assert client.post("/social-accounts/callback", query)["username"]


@needs_browser
def test_a_person_connects_an_account(fleet, client, browser):
    started = client.post("/social-accounts", {"platform": "sandbox"})
    browser.open(started["authorizationUrl"])
    browser.until("!!document.querySelector('a.button')")
    browser.ask("document.querySelector('a.button').click()")
    browser.until("document.title.includes('connect') && !document.getElementById('sign-in').hidden")
    assert browser.ask("location.pathname + location.search") == "/social-accounts/callback"
    assert fits(browser)
    sign_in(browser, client.user["username"], "wrong and long enough")
    browser.until("document.getElementById('error').textContent")
    sign_in(browser, client.user["username"], PASSWORD)
    browser.until("document.getElementById('title').textContent == 'Connected'")
    account, = client.get("/social-accounts")["items"]
    assert account["status"] == "active" and account["username"] in browser.text()
    # A reload has nothing left that could be used again.
    browser.call("Page.reload")
    browser.until("document.getElementById('title')?.textContent == 'Nothing to connect'")


@needs_browser
def test_only_who_began_can_finish(fleet, client, stranger, browser):
    started = client.post("/social-accounts", {"platform": "sandbox"})
    target = redirect(started["authorizationUrl"] + "&approve=true")
    browser.open(target)
    browser.until("document.getElementById('sign-in')?.hidden === false")
    sign_in(browser, stranger.user["username"], PASSWORD)
    browser.until("document.getElementById('title').textContent == 'Not connected'")
    assert client.get("/social-accounts")["items"] == stranger.get("/social-accounts")["items"] == []


@needs_browser
def test_who_is_signed_in_by_cookie_is_not_asked(fleet, client, browser):
    started = client.post("/social-accounts", {"platform": "sandbox"})
    browser.open(fleet.url + "/docs")
    browser.until("document.title")
    login = {"username": client.user["username"], "password": PASSWORD, "cookies": True}
    assert browser.ask(f"fetch('/api/v1/auth/login', {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, "
                       f"body: {json.dumps(json.dumps(login))}}}).then((answer) => answer.status)") == 200
    browser.open(redirect(started["authorizationUrl"] + "&approve=true"))
    browser.until("document.getElementById('title')?.textContent == 'Connected'")
    assert len(client.get("/social-accounts")["items"]) == 1


@needs_browser
@pytest.mark.parametrize("query,title", [
    ("error=access_denied&state=x", "Not connected"), ("error=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "Not connected"),
    ("", "Nothing to connect"), ("code=x", "Nothing to connect"),
    ("code=x&state=y&next=https%3A%2F%2Fexample.org", "Sign in to finish"),
])
def test_the_page_stays_where_it_is(fleet, browser, query, title):
    browser.open(f"{fleet.url}/social-accounts/callback?{query}")
    browser.until(f"document.getElementById('title')?.textContent == {json.dumps(title)}")
    assert browser.ask("location.href") == fleet.url + "/social-accounts/callback"
    assert browser.ask("document.images.length") == 1


def sign_in(browser, who, password):
    browser.ask(f"""(() => {{
        const form = document.getElementById('sign-in');
        form.who.value = {json.dumps(who)};
        form.password.value = {json.dumps(password)};
        form.requestSubmit();
    }})()""")


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
@pytest.mark.parametrize("path", ["/", "/docs", "/social-accounts/callback"])
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
