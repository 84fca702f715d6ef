"""`goodstanding policy`: begin, lay out, check, test, compare, show and edit policies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sized

    from goodstanding.facts.catalogue import Language
    from goodstanding.policy.reader import Loaded

FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.group(name="policy")
def group() -> None:
    """Write, check, test, compare and read policies."""


@group.command()
@FOLDER
def new(folder: Path) -> None:
    """Write a complete small policy into the new FOLDER, to be changed part by part.

    It passes `check` and `test`; its comments say what goes where, and its first line tells an editor the keys.

    \b
    Example:
      goodstanding policy new policies/nl-taxi-points
    """
    from goodstanding.policy.starting import start

    start(folder)
    click.echo(f"{folder}: a policy to begin from; next: goodstanding policy check {folder}")


@group.command()
def schema() -> None:
    """Print the JSON Schema of a policy file, for editors.

    \b
    Example:
      goodstanding policy schema > policies/nl-taxi-points/policy.schema.json
    """
    from goodstanding.policy.starting import schema_text

    click.echo(schema_text(), nl=False)


@group.command(name="format")
@FOLDER
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 where a file would change.")
def format_(folder: Path, only_check: bool) -> None:
    """Lay out the files of the policy in FOLDER: order of keys, quotes, indentation; comments are kept.

    The meaning stays the same; a file that cannot be laid out without a change is refused and left as it is.

    \b
    Example:
      goodstanding policy format policies/cn-wendeng --check
    """
    from goodstanding.policy.layout import files_of, laid_out

    results = {file: (file.read_bytes(), shape) for file, shape in files_of(folder).items()}
    changed = {
        file: result for file, (before, shape) in results.items() if (result := laid_out(file, before, shape)) != before
    }
    for file, result in changed.items():
        click.echo(f"{file}: {'would be laid out anew' if only_check else 'laid out'}")
        if not only_check:
            file.write_bytes(result)
    click.echo(f"{len(results)} files, {len(changed)} {'to be changed' if only_check else 'changed'}")
    if only_check and changed:
        raise click.exceptions.Exit(1)


@group.command()
@FOLDER
@click.option("--strict", is_flag=True, help="Exit 1 where there are warnings.")
def check(folder: Path, strict: bool) -> None:
    """Check the policy in FOLDER: every word known, every band covered, every clause cited.

    Faults end it with exit code 2. Warnings name questions that the policy leaves open, such as on which of several
    dates a record is read; the comment `# accepted: NAME` on the part, or above it, says that this is meant.

    \b
    Example:
      goodstanding policy check policies/cn-wendeng --strict
    """
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World
    from goodstanding.policy.pitfalls import warnings
    from goodstanding.policy.reader import read_policy

    loaded = read_policy(folder)
    policy = loaded.policy
    click.echo(
        f"{policy.id} {policy.version} {loaded.hash[:16]}: {len(policy.entries)} rules, {len(policy.items)} items, ok"
    )
    for name, clause in policy.law.items():
        if clause.read == "unverified":
            click.echo(f"  note: law.{name}: nobody has read this clause (unverified)")
    found = warnings(loaded, catalogue(World.SYNTHETIC))
    for warning in found:
        click.echo(f"warning: {warning}")
    if strict and found:
        raise click.exceptions.Exit(1)


@group.command()
@FOLDER
@click.option("--verbose", is_flag=True, help="Name the examples that come out as written, too.")
@click.option("--coverage", "covered", is_flag=True, help="Tell which parts of the policy no example touches.")
def test(folder: Path, verbose: bool, covered: bool) -> None:
    """Run the examples of the policy in FOLDER; exit 1 where one differs, or where there are none.

    \b
    Example:
      goodstanding policy test policies/uk-food-hygiene
    """
    from goodstanding.engine.coverage import coverage
    from goodstanding.engine.exact import Evaluator
    from goodstanding.engine.trials import differences
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World
    from goodstanding.policy.examples import read_examples
    from goodstanding.policy.reader import read_policy

    words = catalogue(World.SYNTHETIC)
    loaded = read_policy(folder)
    evaluator, cases = Evaluator(loaded, words), read_examples(folder, words)
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
    for line in (line for part in coverage(loaded, words, cases) for line in part.lines(verbose)) if covered else ():
        click.echo(line)
    if failed or not cases:
        raise click.exceptions.Exit(1)


@group.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--words", is_flag=True, help="Compare words, id and version too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(old: Path, new: Path, words: bool, as_json: bool) -> None:
    """Tell what differs in meaning between the policies in the folders OLD and NEW; exit 1 if anything does.

    Also names the examples of either that come out as written there, and otherwise under the other policy.

    \b
    Example:
      goodstanding policy diff policies/cn-wendeng /tmp/cn-wendeng
    """
    from itertools import groupby

    from goodstanding.policy.comparison import compared
    from goodstanding.policy.reader import read_policy

    policies = {folder: read_policy(folder) for folder in (old, new)}
    found = compared(policies[old].policy, policies[new].policy, words)
    examples = [*_turned(policies[old], policies[new]), *_turned(policies[new], policies[old])] if old != new else []
    if as_json:
        told = {"differences": [one.plain() for one in found], "examples": examples}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for part, differences in groupby(found, key=lambda one: one.path[0]):
            click.echo("\n".join([part, *(f"  {one.told()}" for one in differences)]))
        for example in examples:
            under = f"{example['file']}: {example['name']}: under {example['under']}: "
            click.echo("\n".join(under + difference for difference in example["differences"]))
        click.echo(f"{_counted(found, 'difference')}; {_counted(examples, 'example')} with another outcome")
    if found or examples:
        raise click.exceptions.Exit(1)


def _counted(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _turned(own: Loaded, other: Loaded) -> list[dict[str, Any]]:
    """Return the examples of a policy that come out as written there, and otherwise under another policy."""
    from goodstanding.engine.exact import Evaluator
    from goodstanding.engine.trials import differences
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World
    from goodstanding.policy.examples import read_examples

    words = catalogue(World.SYNTHETIC)
    here, there = Evaluator(own, words), Evaluator(other, words)
    turned: list[dict[str, Any]] = []
    for case in read_examples(own.folder, words):
        found = [] if differences(here, case) else differences(there, case)
        if found:
            under = str(other.folder)
            turned.append({"file": case.where, "name": case.example.name, "under": under, "differences": found})
    return turned


@group.command()
@FOLDER
@click.option("--language", type=click.Choice(["en", "nl", "zh"]), default="en", show_default=True)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a stand-alone HTML page to this file."
)
def show(folder: Path, language: Language, html: Path | None) -> None:
    """Tell the policy in FOLDER in plain words: law, rules, tables, grades, measures. Prints Markdown.

    \b
    Example:
      goodstanding policy show policies/cn-wendeng --language nl --html wendeng.html
    """
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.errors import InputError
    from goodstanding.facts.world import World
    from goodstanding.policy.prose import markdown
    from goodstanding.policy.reader import read_policy
    from goodstanding.policy.sheet import page

    loaded, words = read_policy(folder), catalogue(World.SYNTHETIC)
    if html is None:
        click.echo(markdown(loaded, language, words))
        return
    try:
        html.write_text(page(loaded, language, words), "utf-8")
    except OSError as error:
        raise InputError(f"{html}: cannot be written ({error.strerror})") from None
    click.echo(f"{html}: {loaded.policy.title[language]}")


@group.command(name="serve-editor")
def serve_editor() -> None:
    """Serve an editor over standard input and output: a language server for policies (LSP 3.17).

    Editors start it by themselves; it tells faults and warnings while you type, completes keys and names, and says what
    a name means. See docs/how-to/write-a-policy.md.

    \b
    Example:
      goodstanding policy serve-editor
    """
    import sys

    from goodstanding.policy.languageserver import Server

    raise click.exceptions.Exit(Server(sys.stdin.buffer, sys.stdout.buffer).run())
