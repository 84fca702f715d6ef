"""The reviewers' pages in a real browser: built for everybody, on a phone, with the keyboard alone, without scripts."""

import pytest

from tests.portal.test_browser import FAULTS, PHONE, browser, focused, pytestmark, served
from tests.portal.test_reviewing import doubtful, folder

__all__ = ["browser", "doubtful", "folder", "pytestmark"]


@pytest.fixture
def reader(browser, doubtful):
    """A window without scripts in which a reviewer has signed in; on a phone where that is asked."""
    contexts = []
    with served(doubtful) as address:

        def signed_in(**options):
            context = browser.new_context(base_url=address, **({"locale": "en-GB"} | options))
            contexts.append(context)
            page = context.new_page()
            page.goto("/sign-in")
            page.get_by_label("Desk").select_option("reader-b")
            page.get_by_role("button", name="Sign in as an officer").click()
            page.wait_for_url("**/review")
            return page

        yield signed_in
        for context in contexts:
            context.close()


def test_pages_are_built_for_everybody_and_fit_a_phone(reader):
    page = reader(viewport=PHONE)
    for path in ("/review", "/review/1", "/review/5"):
        for language in ("en", "nl", "zh"):
            page.goto(f"{path}?lang={language}")
            assert page.evaluate(FAULTS) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


def test_a_case_is_decided_with_the_keyboard_alone_and_without_scripts(reader):
    page = reader(java_script_enabled=False)
    page.get_by_role("link", name="Case 1").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/1")
    page.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.get_by_label("Why").focus()
    page.keyboard.type("the same street")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    assert page.get_by_role("link", name="Case 1").count() == 0


def test_what_has_the_focus_is_seen(reader):
    page = reader()
    page.goto("/review/5")
    for name in ("radio", "textbox"):
        page.get_by_role(name).first.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert focused(page)["outline"] == "solid", name
