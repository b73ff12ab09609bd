"""`pantrybox owner`: the way in for the person whose box it is."""

import sys

import click
import msgspec

from pantrybox.cli.box import every, reached, running
from pantrybox.cli.options import data_option, json_option
from pantrybox.cli.qr import qr_code
from pantrybox.cli.serve import own_name, sign_in_link
from pantrybox.settings import Settings


@click.group()
def owner() -> None:
    """Sign in as the owner, and see who else is signed in.

    \b
    Example:
      pantrybox owner link --data /var/lib/pantrybox
    """


@owner.command()
@data_option
@click.option("--url", default=None, help="The box's address as the browser reaches it.")
def link(settings: Settings, url: str | None) -> None:
    """Print an address that opens signed in, once, within ten minutes; on a terminal as a QR code, too.

    \b
    Example:
      pantrybox owner link --data /var/lib/pantrybox --url http://pantrybox.local:8000
    """
    base = url or f"http://{own_name()}:8000"
    made = sign_in_link(running(settings), base.rstrip("/"))
    click.echo(made)
    if sys.stdout.isatty():
        click.echo(qr_code(made))


@owner.command()
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from the first line of stdin, for programs.")
@data_option
def passphrase(settings: Settings, from_stdin: bool) -> None:
    """Set the owner's passphrase, and sign every browser out. A box that nobody has claimed is claimed.

    Asks for it twice, and shows nothing.

    \b
    Example:
      pantrybox owner passphrase --data /var/lib/pantrybox
      pantrybox owner passphrase --stdin --data /var/lib/pantrybox < passphrase.txt
    """
    chosen = _first_line() if from_stdin else click.prompt("New passphrase", hide_input=True, confirmation_prompt=True)
    with reached(settings) as box:
        box.post("/v1/owner/passphrase", {"new": chosen})
    click.echo("The passphrase is set. Every browser signs in anew.")


@owner.command()
@json_option
@data_option
def sessions(settings: Settings, as_json: bool) -> None:
    """Show the browsers that are signed in.

    \b
    Example:
      pantrybox owner sessions --data /var/lib/pantrybox
    """
    with reached(settings) as box:
        found = list(every(box, "/v1/sessions"))
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for session in found:
        browser = session["user_agent"] or "a browser that does not say what it is"
        click.echo(f"{session['id']:>4}  {session['created_at']}  {session['peer'] or 'this machine'}  {browser}")


@owner.command("sign-out")
@click.argument("session_id", metavar="[ID]", required=False, type=click.IntRange(1))
@click.option("--all", "every_one", is_flag=True, help="Every browser.")
@data_option
def sign_out(settings: Settings, session_id: int | None, every_one: bool) -> None:
    """Sign one browser out, or all of them. `owner sessions` shows the ids.

    \b
    Example:
      pantrybox owner sign-out 7 --data /var/lib/pantrybox
      pantrybox owner sign-out --all --data /var/lib/pantrybox
    """
    if (session_id is None) != every_one:
        raise click.UsageError("Name the id of one session, or --all.")
    with reached(settings) as box:
        click.echo(box.delete("/v1/sessions" if every_one else f"/v1/sessions/{session_id}")["message"])


def _first_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")
