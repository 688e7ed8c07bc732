"""The command line. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rlconfig_lint import __version__
from rlconfig_lint.errors import UserError

FORMATS = ("full", "concise", "json", "github")
LEVELS = ("error", "warning", "info")


class WithDefault(click.Group):
    """`rlconfig-lint --fix conf/` is `rlconfig-lint check --fix conf/`."""

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = ("--help", "-h", "--version", *self.commands)
        if not args or args[0] not in own:
            args = [self.default, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=WithDefault,
    default="check",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="rlconfig-lint", message="%(prog)s %(version)s")
def cli() -> None:
    """Find the vLLM settings that silently break online RL, and rewrite them.

    Without a command, PATHS are checked; without PATHS, the current folder.
    """


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that decide what is read and which facts hold."""
    options = (
        click.argument("paths", nargs=-1, type=click.Path(path_type=Path)),
        click.option("--vllm-version", metavar="VERSION", help="The release, or range, that runs."),
        click.option("--config", type=click.Path(path_type=Path), help="Use this config file."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@_shared
@click.option("--fix", is_flag=True, help="Rewrite what is certain.")
@click.option("--unsafe-fixes", is_flag=True, help="Also what needs a fact that was not proved.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option(
    "--profile",
    metavar="NAME",
    help="production, parity, strict-on-policy, or one of your own.",
)
@click.option("--preview", is_flag=True, help="Also the rules that are still in preview.")
@click.option(
    "--select", multiple=True, metavar="CODES", help="Only these rules (RL101, RL2, a name)."
)
@click.option("--ignore", multiple=True, metavar="CODES", help="Not these rules.")
@click.option("--fail-on", type=click.Choice(LEVELS), help="Lowest level that exits 1 [warning].")
@click.option("--show", type=click.Choice(LEVELS), default="warning", help="Lowest level shown.")
@click.option("--all-engines", is_flag=True, help="RL8 too, and for engines that are no rollout.")
@click.option("--force-exclude", is_flag=True, help="Excluded files stay out even when named.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found; errors still exit 2.")
@click.option("--exit-non-zero-on-fix", is_flag=True, help="Exit 1 if anything was rewritten.")
@click.option("--output-format", type=click.Choice(FORMATS), default="full", show_default=True)
def check(**given: Any) -> None:
    """Check PATHS (default: the current folder)."""
    from rlconfig_lint.commands import check as run

    sys.exit(run.check(run.Options(**given)))


@cli.command()
@_shared
@click.option("--output-format", type=click.Choice(("text", "json")), default="text")
def inspect(**given: Any) -> None:
    """Show the rollouts in PATHS: effective settings, where each comes from, the facts."""
    from rlconfig_lint.commands import inspect as run

    sys.exit(run.inspect(**given))


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--from", "from_", metavar="RELEASE", help="What runs now [the project's own pin].")
@click.option("--to", required=True, metavar="RELEASE", help="What shall run.")
@click.option("--config", type=click.Path(path_type=Path), help="Use this config file.")
@click.option("--fix", is_flag=True, help="Write the parts that keep behaviour.")
@click.option("--diff", is_flag=True, help="Show what --fix would write; write nothing.")
@click.option("--output-format", type=click.Choice(("text", "markdown", "json")), default="text")
def migrate(**given: Any) -> None:
    """Show what changes under the project when vLLM is upgraded."""
    from rlconfig_lint.commands import migrate as run

    sys.exit(run.migrate(**given))


@cli.command()
@click.argument("rule")
def explain(rule: str) -> None:
    """Print the page of a RULE, given by code or name."""
    from rlconfig_lint.commands import rules as run

    run.explain(rule)


@cli.command(name="rules")
def list_rules() -> None:
    """List the rules."""
    from rlconfig_lint.commands import rules as run

    run.list_rules()


@cli.command()
@click.argument("codes", nargs=-1)
@click.option("--rollout", metavar="PATH[:LINE]", help="A rollout of yours, as it is and fixed.")
@click.option("--model", type=click.Path(path_type=Path), help="A model folder, not the tiny one.")
@click.option("--device", type=click.Choice(("auto", "cuda", "cpu")), default="auto")
@click.option("--python", metavar="PATH", help="The interpreter that has vLLM [this one].")
@click.option("--timeout", type=click.FloatRange(min=1), default=180, help="Seconds an engine.")
@click.option("--output-format", type=click.Choice(("text", "json")), default="text")
@click.option("--report", type=click.Path(path_type=Path), help="Also write a page of HTML.")
def confirm(**given: Any) -> None:
    """Show the claims of rules (CODES, or all) on a real engine."""
    from rlconfig_lint.commands import confirm as run

    sys.exit(run.confirm(**given))


@cli.group(cls=WithDefault, default="show")
def releases() -> None:
    """Show the known vLLM releases, what VERSION accepts, or what changes between two.

    `releases`, `releases VERSION` or `releases diff A B`.
    """


_text_or_json = click.option(
    "--output-format", type=click.Choice(("text", "json")), default="text", show_default=True
)


@releases.command(name="show")
@click.argument("version", required=False)
@_text_or_json
def show_release(version: str | None, output_format: str) -> None:
    """The known releases, or what VERSION accepts and defaults to."""
    from rlconfig_lint.commands import releases as run

    if version is None:
        run.show_releases(output_format)
    else:
        run.show_release(version, output_format)


@releases.command(name="diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@_text_or_json
def diff_releases(before: str, after: str, output_format: str) -> None:
    """What changes from release A to release B."""
    from rlconfig_lint.commands import releases as run

    run.show_changes(before, after, output_format)


def main() -> None:
    """The console script. Usage, configuration and internal errors exit 2 with one line."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.UsageError, UserError) as error:
        message = error.format_message() if isinstance(error, click.UsageError) else str(error)
        click.echo(f"rlconfig-lint: {message}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of a pipe left (`| head`): nothing to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
