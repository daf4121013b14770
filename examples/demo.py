"""Start an example, use it over real HTTP as people of two organizations, check every answer, and say what happened.

`python examples/demo.py --host fastapi` or `--host flask`; `--serve` leaves the application running for a browser instead.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ctsec.testing.kms import FakeAwsKms
from ctsec.transport import Reach
from examples.walkthrough import machines, organizations, own_key, proofs, providers, saml, scim, signing_in
from examples.walkthrough.application import SERVERS, example
from examples.walkthrough.mailbox import Mail, Mailbox, free_port
from examples.walkthrough.operations import Operations
from examples.walkthrough.people import Scene, gather
from examples.walkthrough.transcript import Transcript, Unexpected


def play(scene: Scene, operations: Operations, *, kms: FakeAwsKms, folder: Path) -> None:
    """Play every chapter."""
    signing_in.accounts(scene)
    signing_in.second_factor(scene)
    signing_in.two_steps(scene)
    signing_in.the_others(scene)
    acme, globex = organizations.founding(scene)
    organizations.invitations(scene, acme)
    organizations.matrix(scene, acme)
    organizations.isolation(scene, acme, globex)
    machines.api_key(scene, acme, globex)
    machines.audit(scene, acme)
    proofs.proofs(scene, acme, operations, folder=folder)
    own_key.own_key(scene, acme, kms)
    connection, nils = saml.saml(scene, globex, operations)
    scim.scim(scene, globex, connection=connection, nils=nils)
    nils.close()
    providers.single_sign_on(scene, acme, operations)


def demonstrate(host: str, *, transcript: Transcript) -> int:
    """Run the demonstration in a folder of its own; return the exit status."""
    with TemporaryDirectory(prefix="ctsec-demo-") as folder, FakeAwsKms() as kms:
        mailbox = Mailbox()
        mailbox.start()
        application = example(host, folder=Path(folder), port=free_port(), mail=mailbox.url, reach=Reach.LOOPBACK, kms=kms.url)
        try:
            application.start()
            cast = gather(application.url)
            transcript.say(f"CloudThinker on {SERVERS[host]}")
            transcript.say("")
            scene = Scene(cast, application.url, mailbox, transcript)
            play(scene, Operations(Path(folder), url=application.url), kms=kms, folder=Path(folder))
        except Unexpected as error:
            print(f"\nFAILED: {error}\n\n{application.last_words()}", file=sys.stderr)
            return 1
        finally:
            application.stop()
            mailbox.stop()
    transcript.say("", "Everything went as expected.")
    return 0


def serve(host: str, *, port: int, pair: tuple[Path, Path] | None = None) -> int:
    """Leave the application running, with its data in ./demo-data; mails are printed. `pair` is a certificate and its key."""
    folder = Path("demo-data").absolute()
    folder.mkdir(exist_ok=True)
    mailbox = Mailbox(seen=_print_mail)
    mailbox.start()
    application = example(host, folder=folder, port=port, mail=mailbox.url, pair=pair)
    try:
        application.start()
        print(f"CloudThinker on {SERVERS[host]}: {application.url}/ (Ctrl-C ends it; data in demo-data/)", flush=True)
        return application.wait()
    except KeyboardInterrupt:
        return 0
    except Unexpected as error:
        print(f"FAILED: {error}\n\n{application.last_words()}", file=sys.stderr)
        return 1
    finally:
        application.stop()
        mailbox.stop()


def _print_mail(mail: Mail) -> None:
    print(f"\n--- mail to {mail.recipient}: {mail.subject}\n{mail.text}---", flush=True)


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description="Use the example application over real HTTP, or serve it.")
    parser.add_argument("--host", choices=sorted(SERVERS), default="fastapi", help="the framework of the example")
    parser.add_argument("--serve", action="store_true", help="leave the application running for a browser")
    parser.add_argument("--port", type=int, default=8000, help="where --serve listens")
    parser.add_argument("--certificate", type=Path, help="with --serve: listen over TLS 1.3 only, with this chain (a PEM file)")
    parser.add_argument("--key", type=Path, help="the private key of --certificate (a PEM file)")
    parser.add_argument("--transcript", type=Path, help="write what was said to this file")
    options = parser.parse_args()
    if (options.certificate is None) != (options.key is None) or (options.certificate is not None and not options.serve):
        parser.error("--certificate and --key go together, and with --serve")
    # Ended from outside, it still stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.serve:
        return serve(options.host, port=options.port, pair=options.certificate and (options.certificate, options.key))
    transcript = Transcript()
    status = demonstrate(options.host, transcript=transcript)
    if options.transcript is not None and status == 0:
        options.transcript.write_text(transcript.text(), "utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
