"""`goodstanding catalogue`: the kinds of record, with their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from goodstanding.facts.catalogue import Attribute, Language


@click.command(name="catalogue")
@click.option("--world", type=click.Choice(["real", "synthetic"]), default="synthetic", show_default=True)
@click.option("--language", type=click.Choice(["en", "nl", "zh"]), default="en", show_default=True)
def command(world: str, language: Language) -> None:
    """List the kinds of record that a delivery may hold.

    \b
    Example:
      goodstanding catalogue --world real
    """
    from goodstanding.cli.tables import show
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World

    rows = [
        (kind, spec.direction, spec.words[language], ", ".join(_attribute(*one) for one in spec.attributes.items()))
        for kind, spec in sorted(catalogue(World(world)).kinds.items())
    ]
    show(("kind", "direction", "words", "attributes"), rows)


def _attribute(name: str, attribute: Attribute) -> str:
    return f"{name} ({attribute.type}{'' if attribute.required else ', optional'})"
