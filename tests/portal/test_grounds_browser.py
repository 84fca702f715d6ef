"""Why a record is about its subject, in a real browser: built for everybody, and on a phone."""

from tests.portal.test_browser import FAULTS, PHONE, browser, pytestmark, served
from tests.portal.test_grounds import decided, number
from tests.portal.test_reviewing import FIRMS, doubtful, folder

__all__ = ["browser", "decided", "doubtful", "folder", "pytestmark"]


def test_the_evidence_of_a_link_is_built_for_everybody_and_fits_a_phone(browser, decided) -> None:
    with served(decided) as address:
        context = browser.new_context(base_url=address, viewport=PHONE)
        page = context.new_page()
        for language in ("en", "nl", "zh"):
            page.goto(f"/subjects/{number(decided, FIRMS[0])}?lang={language}")
            page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
            assert page.locator(".waterfall").count() > 0
            assert page.evaluate(FAULTS) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        context.close()
