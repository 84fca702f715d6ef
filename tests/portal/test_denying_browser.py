"""Saying that a record is another's, in a real browser: on a phone, with the keyboard alone, without scripts."""

from goodstanding.register.deliveries import claiming
from goodstanding.register.ledger.claims import claims
from goodstanding.register.ledger.subjects import by_identifier
from tests.portal import city
from tests.portal.test_browser import FAULTS, PHONE, browser, pytestmark, served, sign_in
from tests.portal.test_denying import register

__all__ = ["browser", "pytestmark", "register"]


def test_a_record_is_denied_with_the_keyboard_alone_and_the_page_is_built_for_everybody(browser, register) -> None:
    with served(register, [by_identifier(register, city.LI)]) as address:
        context = browser.new_context(base_url=address, viewport=PHONE, locale="en-GB")
        page = context.new_page()
        sign_in(page)
        page.get_by_text("This is not about me").first.focus()
        page.keyboard.press("Enter")
        assert page.evaluate(FAULTS) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_label("Whose is it?").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="What was said to be about somebody else").wait_for()
        for language in ("nl", "zh", "en"):
            page.goto(f"/envelope?lang={language}")
            page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
            assert page.evaluate(FAULTS) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        context.close()
    (said,) = [one for one in claims(register) if one.due]
    assert said.reason == "number"
    claiming.affirm(register, said.number, "A. Jansen", "seen by the officer")
