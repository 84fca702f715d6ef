"""The pages that everybody may see."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from litestar import MediaType, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response, Template

from goodstanding.policy.prose import sections
from goodstanding.policy.reader import Loaded
from goodstanding.portal.gathering import day_of, public_subject
from goodstanding.portal.languages import Voice
from goodstanding.portal.pictures import Part, bar
from goodstanding.portal.rendering import Held, Visit, page, voice_of
from goodstanding.portal.telling import grades_of, why
from goodstanding.register.deliveries.delivering import deliveries, refusal_reasons, refusals
from goodstanding.register.deliveries.holding import held
from goodstanding.register.ledger.finding import Building
from goodstanding.register.ledger.lateness import timeliness
from goodstanding.register.ledger.pausing import paused
from goodstanding.register.ledger.policies import policies
from goodstanding.register.ledger.sources import sources
from goodstanding.register.ledger.subjects import search
from goodstanding.register.standings.scoring import Run, grade_counts, latest_run
from goodstanding.register.store.database import Register

HITS = 50
DELIVERIES = 100
HIDDEN = ("subject", "name", "born")
"""Fields that say who somebody is: what was found in them is not repeated on a page."""


@get("/", sync_to_thread=True, name="home")
def home(request: Visit, register: Held) -> Template:
    """Show what this register is, its policies with what they give, and its sources."""
    voice = voice_of(request)
    told = [_outlined(loaded, register, voice) for loaded in policies(register).values()]
    return page(request, "home.html", policies=told, sources=sources(register))


def _outlined(loaded: Loaded, register: Register, voice: Voice) -> dict[str, Any]:
    run = latest_run(register, loaded.policy.id)
    parts = _parts(loaded, run, grade_counts(register, run), voice) if run else []
    title = voice.say("home.bar", policy=voice.word(loaded.policy.title))
    return {
        "policy": loaded.policy,
        "subjects": _subjects(loaded, voice),
        "grades": grades_of(loaded.policy),
        "run": run,
        "parts": [_with_share(part, parts, voice) for part in parts],
        "picture": bar(parts, title, f"grades-{loaded.policy.id}"),
    }


def _subjects(loaded: Loaded, voice: Voice) -> str:
    return ("、" if voice.language == "zh" else ", ").join(
        voice.say(f"subjects.{one}") for one in loaded.policy.subjects
    )


def _parts(loaded: Loaded, run: Run, counts: dict[str, int], voice: Voice) -> list[Part]:
    graded = [
        Part(f"{one.id} {voice.word(one.words)}", counts.get(one.id, 0), f"rank-{one.rank}")
        for one in grades_of(loaded.policy).values()
    ]
    others = {outcome: count for outcome, count in run.outcomes.items() if outcome != "graded" and count}
    return graded + [Part(voice.say(f"outcome.{outcome}"), count, "none") for outcome, count in others.items()]


def _with_share(part: Part, parts: Sequence[Part], voice: Voice) -> dict[str, Any]:
    total = sum(one.count for one in parts) or 1
    share = voice.share(f"{part.count / total:.3f}")
    return {"label": part.label, "count": part.count, "look": part.look, "share": share}


@get("/search", sync_to_thread=True, name="search")
def find(request: Visit, register: Held) -> Template:
    """Find organisations by name or number; persons are never found."""
    text = request.query_params.get("q", "").strip()[:100]
    known = policies(register)
    ranks = {name: {one.id: one.rank for one in grades_of(loaded.policy).values()} for name, loaded in known.items()}
    building = False
    try:
        hits = search(register, text, HITS, wait=False) if text else []
    except Building:
        hits, building = [], True
    applying = [loaded for loaded in known.values() if "organisation" in loaded.policy.subjects]
    told: dict[str, Any] = {
        "text": text,
        "hits": hits,
        "building": building,
        "limit": HITS,
        "policies": applying,
        "ranks": ranks,
    }
    return page(request, "search.html", **told, why=partial(why, voice=voice_of(request)))


@get("/subjects/{number:str}", sync_to_thread=True, name="subject")
def subject_page(request: Visit, register: Held, number: FromPath[str]) -> Template:
    """Show an organisation with its standings on a day, and why."""
    told = public_subject(register, number, day_of(request))
    return page(request, "subject.html", subject=told)


@get("/policies", sync_to_thread=True, name="policies")
def policy_list(request: Visit, register: Held) -> Template:
    """Show the policies of this register."""
    voice = voice_of(request)
    told = [
        {"policy": loaded.policy, "subjects": _subjects(loaded, voice), "grades": grades_of(loaded.policy)}
        for loaded in policies(register).values()
    ]
    return page(request, "policies.html", policies=told)


def policy_of(register: Register, name: str) -> Loaded:
    """Return a policy of the register. Raises NotFoundException."""
    loaded = policies(register).get(name)
    if loaded is None:
        raise NotFoundException
    return loaded


@get("/policies/{name:str}", sync_to_thread=True, name="policy")
def policy_page(request: Visit, register: Held, name: FromPath[str]) -> Template:
    """Show a policy in plain words."""
    loaded = policy_of(register, name)
    told = sections(loaded, voice_of(request).language, register.catalogue)
    return page(request, "policy.html", loaded=loaded, sections=told, grades=grades_of(loaded.policy))


@get("/policies/{name:str}/{file:str}", sync_to_thread=True, name="policy-file", media_type=MediaType.TEXT)
def policy_file(register: Held, name: FromPath[str], file: FromPath[str]) -> Response[bytes]:
    """Give a file of a policy, byte for byte as it was loaded."""
    contents = policy_of(register, name).contents
    if file not in contents:
        raise NotFoundException
    headers = {"content-disposition": f'attachment; filename="{name}-{file}"'}
    return Response(contents[file], media_type="application/yaml", headers=headers)


@get("/sources", sync_to_thread=True, name="sources")
def source_list(request: Visit, register: Held) -> Template:
    """Show who delivers to this register, who is late, and how much was accepted and refused."""
    done, stands = deliveries(register), timeliness(register, register.today)
    told = []
    for name, source in sources(register).items():
        own = [one for one in done if one.source == name]
        accepted, refused = sum(one.accepted for one in own), sum(one.refused for one in own)
        told.append({"source": source, "stands": stands[name], "accepted": accepted, "refused": refused})
    return page(request, "sources.html", sources=told)


@get("/sources/{name:str}", sync_to_thread=True, name="source")
def source_page(request: Visit, register: Held, name: FromPath[str]) -> Template:
    """Show a source: its contract, what pauses where it is late, its deliveries, what was held or refused and why."""
    source = sources(register).get(name)
    if source is None:
        raise NotFoundException
    done = sorted(deliveries(register, name), key=lambda one: one.number, reverse=True)
    return page(
        request,
        "source.html",
        source=source,
        stands=timeliness(register, register.today)[name],
        stopped=paused(register).get(name),
        policies={name: loaded.policy.title for name, loaded in policies(register).items()},
        kinds=[(kind, register.catalogue.kinds[kind]) for kind in source.kinds],
        count=len(done),
        deliveries=done[:DELIVERIES],
        held=[one for one in held(register, name) if one.decision is None],
        reasons=refusal_reasons(register, name),
        refusals=refusals(register, name, DELIVERIES),
        hidden=HIDDEN,
    )


HANDLERS = [home, find, subject_page, policy_list, policy_page, policy_file, source_list, source_page]
