"""Headers of every answer: what a browser may do with it, how long it may keep it, and the language that was chosen."""

from __future__ import annotations

from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import Message, Scope

from goodstanding.portal.languages import COOKIE, LANGUAGES
from goodstanding.portal.session import kept

_ALWAYS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_PERSONAL = ("/sign-in", "/sign-out", "/envelope", "/officer")


async def guard_answer(message: Message, scope: Scope) -> None:
    """Add the headers to the start of an answer; answers to or about a person are kept nowhere."""
    if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in _ALWAYS.items():
        headers[name] = value
    if scope["scheme"] == "https":
        headers["strict-transport-security"] = "max-age=31536000"
    request = scope["litestar_app"].request_class(scope)
    if scope["path"].startswith(_PERSONAL) or kept(request):
        headers["cache-control"] = "no-store"
        headers["x-robots-tag"] = "noindex"
    elif "cache-control" not in headers:
        headers["cache-control"] = "no-cache"
        headers["vary"] = "accept-language, cookie"
    language = request.query_params.get("lang")
    if language in LANGUAGES:
        chosen = Cookie(COOKIE, value=language, max_age=31_536_000, samesite="lax", httponly=True)
        headers.add("set-cookie", chosen.to_header(header=""))
