"""Which addresses there are, who may go there, and what guards every answer."""

import pytest
from litestar.routes import HTTPRoute

from tests.portal import city
from tests.portal.visiting import send, sign_in

OPEN = {
    ("GET", "/"),
    ("GET", "/search"),
    ("GET", "/subjects/{number:str}"),
    ("GET", "/policies"),
    ("GET", "/policies/{name:str}"),
    ("GET", "/policies/{name:str}/{file:str}"),
    ("GET", "/sources"),
    ("GET", "/sources/{name:str}"),
    ("GET", "/quality"),
    ("GET", "/api/subjects"),
    ("GET", "/api/subjects/{number:str}"),
    ("GET", "/api/policies/{name:str}"),
    ("GET", "/api/sources"),
    ("GET", "/log/checkpoint"),
    ("GET", "/log/key"),
    ("GET", "/log/tile/{path:path}"),
    ("GET", "/static/{file_path:path}"),
    ("HEAD", "/static/{file_path:path}"),
}
SOURCE = {
    ("POST", "/api/sources/{name:str}/deliveries"),
    ("GET", "/api/sources/{name:str}/deliveries"),
    ("GET", "/api/sources/{name:str}/deliveries/{number:int}/refusals"),
    ("GET", "/api/sources/{name:str}/held"),
}
"""Where a signed note says who asks; `test_receiving` holds that without one nothing is told."""
DEMONSTRATION = {("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/sign-out")}
PERSON = {
    ("GET", "/envelope"),
    ("GET", "/envelope/changed"),
    ("GET", "/envelope/proof"),
    ("GET", "/envelope/documents/{number:int}"),
    ("POST", "/envelope/not-mine"),
}
OFFICER = {("GET", "/officer"), ("POST", "/officer"), ("POST", "/officer/documents")}
REVIEWER = {("GET", "/review"), ("GET", "/review/{number:int}"), ("POST", "/review/{number:int}")}
PERSONAL = ("/envelope", "/officer", "/review")


def decisions(app) -> dict[tuple[str, str], str | None]:
    """Every method and address of ours, and who may go there."""
    return {
        (method, route.path): handler.opt.get("access")
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith("/schema")
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def test_every_address_has_an_auth_decision(client):
    expected = dict.fromkeys(OPEN | DEMONSTRATION, "open")
    expected |= dict.fromkeys(SOURCE, "source")
    expected |= dict.fromkeys(PERSON, "person") | dict.fromkeys(OFFICER, "officer")
    expected |= dict.fromkeys(REVIEWER, "reviewer")
    assert decisions(client.app) == expected


def test_guards_agree_with_the_decisions(client):
    for route in client.app.routes:
        for handler in getattr(route, "route_handlers", []):
            guards = {getattr(guard, "func", guard).__name__ for guard in handler.resolve_guards()}
            access = handler.opt.get("access")
            expected = {f"only_{access}s"} if access in ("person", "officer", "reviewer") else set()
            assert guards == expected | {"attested"}, route.path


def test_in_a_real_world_nobody_signs_in(real):
    assert set(decisions(real.app)) == OPEN | SOURCE
    for path in ("/sign-in", "/sign-out", *PERSONAL):
        assert real.get(path).status_code == 404
        assert real.post(path).status_code in (403, 404)
    home = real.get("/").text
    assert "/sign-in" not in home
    assert "nobody here is real" not in home


def test_every_page_of_a_synthetic_world_says_so(client, numbers):
    paths = ["/", "/search", f"/subjects/{numbers[city.BAKERY]}", "/policies", "/sources", "/sign-in", "/nowhere"]
    for path in paths:
        assert "Synthetic: nobody here is real" in client.get(path, params={"lang": "en"}).text, path
        assert "niemand hier bestaat echt" in client.get(path, params={"lang": "nl"}).text, path
        assert "此处无真实人物" in client.get(path, params={"lang": "zh"}).text, path


@pytest.mark.parametrize("path", PERSONAL)
def test_personal_pages_lead_strangers_to_sign_in(client, path):
    answer = client.get(path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_persons_and_officers_stay_on_their_own_pages(client):
    sign_in(client, city.LI)
    assert client.get("/officer", follow_redirects=False).headers["location"] == "/sign-in"
    send(client, "/sign-in", desk="tax")
    assert client.get("/envelope", follow_redirects=False).headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "path", ["/", "/policies", "/nowhere", "/api/sources", "/static/style.css", "/schema", "/sign-in"]
)
def test_every_answer_is_guarded(client, path):
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" in headers


def test_pages_hold_no_script_and_no_inline_style(client, numbers):
    sign_in(client, city.LI)
    for path in ("/", f"/subjects/{numbers[city.WORKS]}", "/policies/cn-wendeng", "/sources/tax", "/envelope"):
        page = client.get(path).text
        assert "<script" not in page
        assert " style=" not in page
        assert "javascript:" not in page


def test_personal_pages_are_kept_nowhere(client):
    sign_in(client, city.LI)
    for path in ("/envelope", "/sign-in", "/"):
        assert client.get(path).headers["cache-control"] == "no-store"


def test_cookies_are_guarded(client):
    client.get("/sign-in")
    answer = client.post(
        "/sign-in", data={"_csrf_token": client.cookies["form"], "desk": "tax"}, follow_redirects=False
    )
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("session="))
    assert {"HttpOnly", "Secure", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "tax" not in cookie


@pytest.mark.parametrize("path", ["/static/style.css", "/api/sources", "/schema"])
def test_answers_for_everybody_carry_no_cookie(client, path):
    assert "set-cookie" not in client.get(path).headers
    sign_in(client, city.LI)
    assert "set-cookie" not in client.get(path).headers


def test_a_language_link_never_leads_to_another_host(client):
    assert 'href="//' not in client.get("//elsewhere.test/x").text
