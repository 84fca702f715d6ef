"""The command `goodstanding`: groups of commands, and one way to tell a user what went wrong.

Exit codes: 0 done; 1 done, and the answer is no (a test failed, a check found something); 2 wrong use or wrong input;
3 done, but rows were refused; 4 the delivery is held back, since it does not keep its source's contract; 130
interrupted.
"""

from __future__ import annotations

import sys

import click

from goodstanding.cli import catalogue, delivering, demo, explain, lab, link, policy, proof, register, score


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="goodstanding")
def commands() -> None:
    """Schemes that keep a standing: write them, check them, run them.

    \b
    Example:
      goodstanding demo
      goodstanding policy test policies/uk-food-hygiene
    """


policy.group.add_command(explain.command)
for command in (policy.group, score.command, explain.command, explain.replay, register.group, proof.group, lab.group):
    commands.add_command(command)
commands.add_command(catalogue.command)
commands.add_command(delivering.group)
commands.add_command(demo.command)
commands.add_command(link.group)


def main() -> None:
    """Run the command line; a user's mistake ends in one message on standard error, never in a traceback."""
    from goodstanding.facts.errors import InputError

    try:
        sys.exit(commands.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except InputError as error:
        click.echo(click.style("error: ", fg="red") + str(error), err=True)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            raise
        click.echo(f"{click.style('error: ', fg='red')}{error.filename}: {error.strerror}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
