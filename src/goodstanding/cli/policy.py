"""`goodstanding policy`: check, test and show a policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from goodstanding.facts.catalogue import Language

FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.group(name="policy")
def group() -> None:
    """Check, test and read policies."""


@group.command()
@FOLDER
def check(folder: Path) -> None:
    """Check the policy in FOLDER: every word known, every band covered, every clause cited.

    \b
    Example:
      goodstanding policy check policies/cn-wendeng
    """
    from goodstanding.policy.reader import read_policy

    loaded = read_policy(folder)
    policy = loaded.policy
    click.echo(
        f"{policy.id} {policy.version} {loaded.hash[:16]}: {len(policy.entries)} rules, {len(policy.items)} items, ok"
    )
    for name, clause in policy.law.items():
        if clause.read == "unverified":
            click.echo(f"  note: law.{name}: nobody has read this clause (unverified)")


@group.command()
@FOLDER
@click.option("--verbose", is_flag=True, help="Name the examples that come out as written, too.")
def test(folder: Path, verbose: bool) -> None:
    """Run the examples of the policy in FOLDER; exit 1 where one differs, or where there are none.

    \b
    Example:
      goodstanding policy test policies/uk-food-hygiene
    """
    from goodstanding.engine.exact import Evaluator
    from goodstanding.engine.trials import differences
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World
    from goodstanding.policy.examples import read_examples
    from goodstanding.policy.reader import read_policy

    words = catalogue(World.SYNTHETIC)
    evaluator = Evaluator(read_policy(folder), words)
    cases = read_examples(folder, words)
    failed = 0
    for case in cases:
        found = differences(evaluator, case)
        failed += bool(found)
        for difference in found:
            click.echo(f"{case.where}: {case.example.name}: {difference}", err=True)
        if verbose and not found:
            click.echo(f"ok  {case.example.name}")
    published = sum(case.example.published is not None for case in cases)
    click.echo(f"{len(cases)} examples, {published} published" + (f", {failed} differ" if failed else ""))
    if failed or not cases:
        raise click.exceptions.Exit(1)


@group.command()
@FOLDER
@click.option("--language", type=click.Choice(["en", "nl", "zh"]), default="en", show_default=True)
def show(folder: Path, language: Language) -> None:
    """Print the policy in FOLDER as prose (Markdown): law, rules, tables, grades.

    \b
    Example:
      goodstanding policy show policies/cn-wendeng --language nl
    """
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World
    from goodstanding.policy.prose import markdown
    from goodstanding.policy.reader import read_policy

    click.echo(markdown(read_policy(folder), language, catalogue(World.SYNTHETIC)))
