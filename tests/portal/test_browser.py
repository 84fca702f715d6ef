"""The pages in a real browser: without a mouse, on a phone, in three languages, without scripts."""

import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from goodstanding.portal.app import create_app
from goodstanding.register.ledger.subjects import by_identifier
from tests.portal import city

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
PHONE = {"width": 320, "height": 700}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install chromium to drive the pages in a browser"),
]


@contextmanager
def served(register, examples=()) -> Iterator[str]:
    """Serve the pages of a register to this machine, at the address that is given."""
    app = create_app(register, b"a secret of the browser tests only", examples, secure=False)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def address(register) -> Iterator[str]:
    """The address of the pages, served to this machine."""
    with served(register, [one for one in [by_identifier(register, city.LI)] if one]) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address) -> Iterator:
    """Open a new, clean window on the pages, and watch that nothing in it is refused or fails."""
    contexts, said = [], []

    def opened(**options: object):
        context = browser.new_context(base_url=address, **({"locale": "en-GB"} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [line for line in said if "400" not in line and "404" not in line] == []


def paths(numbers) -> list[str]:
    subjects = [f"/subjects/{numbers[one]}" for one in (city.WORKS, city.BAKERY, city.MARKET, city.QUIET)]
    plain = [
        "/",
        "/search?q=wendeng",
        "/policies",
        "/policies/cn-wendeng",
        "/policies/uk-food-hygiene",
        "/sources",
        "/quality",
    ]
    return [*plain, "/sources/tax", "/sign-in", "/nowhere", *subjects]


def sign_in(page) -> None:
    page.goto("/sign-in")
    page.locator(".people button").first.click()
    page.wait_for_url("**/envelope")


def look(page, identifier: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Desk").select_option("court")
    page.get_by_role("button", name="Sign in as an officer").click()
    page.get_by_label("Identifier").fill(identifier)
    page.get_by_label("Purpose").select_option("court")
    page.get_by_role("button", name="Record and open").click()


def test_from_search_to_a_standing_without_scripts(visit):
    page = visit(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Find an organisation").fill("haiyue")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="威海海岳建设有限公司").click()
    assert page.get_by_role("heading", level=1).inner_text() == "威海海岳建设有限公司"
    assert page.locator(".score", has_text="933 credit points").is_visible()
    page.get_by_label("Standing on").fill("2023-01-01")
    page.get_by_role("button", name="Show").click()
    assert page.locator(".score", has_text="950 credit points").is_visible()
    page.get_by_role("link", name="Wendeng district credit points").first.click()
    assert page.get_by_role("heading", name="Items", exact=True).is_visible()


def focused(page) -> dict[str, str]:
    return page.evaluate(
        """() => {const one = document.activeElement, style = getComputedStyle(one);
        return {tag: one.tagName, id: one.id, text: one.textContent.trim(), outline: style.outlineStyle,
                width: style.outlineWidth, href: one.getAttribute("href") || ""}}"""
    )


def test_with_the_keyboard_alone(visit):
    page = visit()
    page.goto("/")
    page.keyboard.press("Tab")
    assert focused(page)["text"] == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page)["id"] == "q"
    page.keyboard.type("chenguang")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=chenguang")
    for _ in range(30):
        page.keyboard.press("Tab")
        now = focused(page)
        assert (now["outline"], now["width"]) == ("solid", "3px"), now
        if now["href"].startswith("/subjects/"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/subjects/*")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("table", name="Score and grade through time").first.is_visible()


def test_focus_follows_the_order_of_the_page(visit, numbers):
    page = visit()
    page.goto(f"/subjects/{numbers[city.BAKERY]}")
    assert page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0


@pytest.mark.parametrize("language", ["en", "nl", "zh"])
def test_nothing_is_wider_than_a_phone(visit, numbers, language):
    page = visit(viewport=PHONE)
    for path in paths(numbers):
        page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
        page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    sign_in(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_language_that_is_chosen_stays(visit):
    page = visit(locale="fr-FR")
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == "en"
    for name, tag, heading in (
        ("Nederlands", "nl", "Regelingen"),
        ("中文", "zh-Hans", "政策"),
        ("English", "en", "Policies"),
    ):
        page.goto("/")
        page.get_by_role("link", name=name).click()
        page.goto("/policies")
        assert page.locator("html").get_attribute("lang") == tag
        assert page.get_by_role("heading", level=1).inner_text() == heading


def test_the_person_sees_the_officers_look(visit):
    look(officer := visit(java_script_enabled=False), city.LI)
    assert officer.get_by_text("This look has been recorded").is_visible()
    officer.get_by_role("button", name="Sign out").click()
    officer.get_by_role("link", name="Sign in").first.wait_for()
    sign_in(person := visit(java_script_enabled=False))
    assert "Court registry officer carrying out a court decision" in re.sub(
        r"\s+", " ", person.get_by_role("table", name="Who looked").inner_text()
    )


def test_a_person_signs_in_with_number_and_birth(visit):
    page = visit()
    page.goto("/sign-in")
    page.get_by_label("Identifier").fill(city.WANG)
    page.get_by_role("textbox", name="Date of birth").fill("1970-01-01")
    page.get_by_role("button", name="Open my envelope").click()
    assert page.get_by_role("heading", level=1, name="Your envelope").is_visible()
    assert page.get_by_text("Records: 1").first.is_visible()


FAULTS = """() => {
  const all = selector => [...document.querySelectorAll(selector)], faults = [];
  const name = one => one.getAttribute("aria-label") || (one.getAttribute("aria-labelledby") || "").split(" ")
    .map(id => document.getElementById(id)?.textContent || "").join(" ").trim() || one.textContent.trim();
  for (const one of all("input:not([type=hidden]), select, textarea"))
    if (!one.labels.length) faults.push("no label: " + one.outerHTML);
  let level = 0;
  for (const one of all("h1, h2, h3, h4, h5, h6")) {
    const now = Number(one.tagName[1]);
    if (now > level + 1) faults.push(`from h${level} to h${now}: ` + one.textContent);
    level = now;
  }
  if (all("h1").length !== 1) faults.push("h1: " + all("h1").length);
  for (const one of all("svg")) if (!one.querySelector("title")?.textContent || !one.querySelector("desc")?.textContent)
    faults.push("picture without title");
  for (const one of all("img")) if (!one.hasAttribute("alt")) faults.push("img without alt");
  for (const one of all("table")) {
    if (!one.caption?.textContent.trim()) faults.push("table without caption");
    for (const head of one.querySelectorAll("th")) if (!head.scope) faults.push("no scope: " + head.textContent);
  }
  for (const one of all("a, button, nav, section[aria-labelledby], [role=region]"))
    if (!name(one)) faults.push("no name: " + one.outerHTML.slice(0, 80));
  const ids = all("[id]").map(one => one.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push("id twice: " + id);
  for (const attribute of ["aria-labelledby", "aria-describedby", "for"])
    for (const one of all(`[${attribute}]`)) for (const id of one.getAttribute(attribute).split(" "))
      if (!ids.includes(id)) faults.push(`${attribute} leads nowhere: ` + id);
  for (const landmark of ["main", "header.site", "footer.site"]) if (all(landmark).length !== 1) faults.push(landmark);
  for (const one of all("li")) if (!one.closest("ul, ol")) faults.push("li outside a list");
  for (const one of all("[onclick], [style], script")) faults.push("script or inline style: " + one.tagName);
  if (!document.title || !document.documentElement.lang) faults.push("no title or language");
  return faults;
}"""


def test_pages_are_built_for_everybody(visit, numbers):
    page = visit()
    for path in paths(numbers):
        page.goto(path)
        assert page.evaluate(FAULTS) == [], path
    sign_in(page)
    assert page.evaluate(FAULTS) == []
    look(page, city.ZHAO)
    assert page.evaluate(FAULTS) == []


def test_targets_are_large_enough_for_a_finger(visit, numbers):
    page = visit(viewport=PHONE)
    for path in paths(numbers):
        page.goto(path)
        heights = page.locator("button, select, input:not([type=hidden]), header.site nav a").evaluate_all(
            "all => all.map(one => [one.textContent.trim(), one.getBoundingClientRect().height])"
        )
        assert [one for one in heights if one[1] < 24] == [], path


def test_dark_pages_are_dark(visit):
    page = visit(color_scheme="dark")
    page.goto("/")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", ground)) < 64


def test_every_anchor_of_a_clause_is_shown(visit, numbers):
    page = visit()
    page.goto(f"/subjects/{numbers[city.WORKS]}")
    page.locator(".entry a[href*='#item-']").first.click()
    target = page.locator(":target")
    target.wait_for(state="visible")  # the page of 935 items is still being read
    assert target.count() == 1
