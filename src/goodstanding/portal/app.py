"""The application: which address leads where, who may go there, and what guards every answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.static_files import create_static_files_router

from goodstanding.engine.exact import ENGINE
from goodstanding.facts.world import World
from goodstanding.portal import api, denying, judging, pages, personal, receiving, reviewing
from goodstanding.portal import log as log_pages
from goodstanding.portal.errors import answer
from goodstanding.portal.headers import guard_answer
from goodstanding.portal.rendering import FOLDER, template_config
from goodstanding.portal.session import csrf_config, only_officers, only_persons, only_reviewers, sessions
from goodstanding.register.keeping.sealing import Master
from goodstanding.register.ledger.subjects import Subject
from goodstanding.register.log import sequence
from goodstanding.register.store.database import Register


def create_app(
    register: Register,
    secret: bytes,
    examples: Sequence[Subject] = (),
    *,
    secure: bool = True,
    master: Master | None = None,
    overdue: dt.timedelta = sequence.OVERDUE,
) -> Litestar:
    """Return the application over a register.

    `secret` (16 bytes or more) encrypts sessions and signs forms. `examples` are persons of a synthetic world that
    anyone may sign in as. `secure` may be off only where the pages are served over http to this machine itself.
    `master` opens the documents of envelopes; without it they are listed and not given.
    While what happened waits longer than `overdue` for a signed checkpoint, nothing is said about standings.
    """
    synthetic = register.world is World.SYNTHETIC
    return Litestar(
        route_handlers=[*_open(), *(_personal() if synthetic else [])],
        dependencies={"register": Provide(lambda: register, sync_to_thread=False)},
        state=State({"register": register, "synthetic": synthetic, "examples": tuple(examples), "master": master}),
        guards=[log_pages.only_attested(register, overdue)],
        middleware=[sessions(secret, secure=secure)],
        csrf_config=csrf_config(secret, secure=secure),
        template_config=template_config(),
        exception_handlers={Exception: answer},
        before_send=[guard_answer],
        openapi_config=_openapi(),
        logging_config=None,
    )


def _open() -> list[Router]:
    static = create_static_files_router(
        "/static",
        [FOLDER / "static"],
        cache_control=CacheControlHeader(max_age=3600, public=True),
        opt={"access": "open"},
    )
    public = Router(
        "/", route_handlers=[*pages.HANDLERS, *judging.HANDLERS], opt={"access": "open"}, include_in_schema=False
    )
    data = Router("/api", route_handlers=api.HANDLERS, opt={"access": "open"})
    delivering = Router("/api", route_handlers=receiving.HANDLERS, opt={"access": "source"})
    tiles = Router("/log", route_handlers=log_pages.HANDLERS, opt={"access": "open"}, include_in_schema=False)
    return [public, data, delivering, tiles, static]


def _personal() -> list[Router]:
    """Return what only exists in a synthetic world, until a real way of signing in does."""
    return [
        Router("/", route_handlers=personal.OPEN, opt={"access": "open"}, include_in_schema=False),
        Router(
            "/",
            route_handlers=[*personal.PERSONS, *denying.HANDLERS],
            guards=[only_persons],
            opt={"access": "person"},
            include_in_schema=False,
        ),
        Router(
            "/",
            route_handlers=personal.OFFICERS,
            guards=[only_officers],
            opt={"access": "officer"},
            include_in_schema=False,
        ),
        Router(
            "/",
            route_handlers=reviewing.HANDLERS,
            guards=[only_reviewers],
            opt={"access": "reviewer"},
            include_in_schema=False,
        ),
    ]


def _openapi() -> OpenAPIConfig:
    """Describe the API as files; the libraries that draw such files need scripts, which these pages do without."""
    return OpenAPIConfig(
        title="Good Standing",
        version=ENGINE,
        description="Organisations, their standings and why; policies; sources. Exact numbers are text.",
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
    )
