"""Send a notification with apprise: ``echo TEXT | notify.py TITLE``.

Where to is in the environment; everything that is set is notified:

    TELEGRAM_BOT_TOKEN with TELEGRAM_CHAT_ID (several with commas)
    SLACK_WEBHOOK_URL, DISCORD_WEBHOOK_URL
    SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASSWORD, MAIL_FROM, MAIL_TO (several with commas)
    SAYSO_NOTIFY_URLS: any URLs of apprise, separated by white space

The exit code is 0 whatever happens, and no address is printed: each has a secret in it. SAYSO_NOTIFY_SECONDS is the
time limit, 20 by default.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping


def addresses(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """The name of each destination, and its URL."""
    found = []
    get = environment.get
    token, chats = get("TELEGRAM_BOT_TOKEN"), get("TELEGRAM_CHAT_ID")
    if token and chats:
        found.append(("Telegram", f"tgram://{token}/{'/'.join(quote(chat.strip()) for chat in chats.split(','))}/"))
    elif token:
        print("warning: TELEGRAM_BOT_TOKEN is set, but TELEGRAM_CHAT_ID is not.", file=sys.stderr)  # noqa: T201
    for name, variable in (("Slack", "SLACK_WEBHOOK_URL"), ("Discord", "DISCORD_WEBHOOK_URL")):
        if get(variable):
            found.append((name, environment[variable]))
    if get("SMTP_HOST") and get("MAIL_TO"):
        found.append(("e-mail", mail_address(environment)))
    found += [("SAYSO_NOTIFY_URLS", url) for url in get("SAYSO_NOTIFY_URLS", "").split()]
    return found


def mail_address(environment: Mapping[str, str]) -> str:
    """The URL of apprise for e-mail; encrypted unless the port is 25."""
    host = environment["SMTP_HOST"]
    port = environment.get("SMTP_PORT") or "587"
    user, password = environment.get("SMTP_USER"), environment.get("SMTP_PASSWORD")
    login = f"{quote(user, safe='')}:{quote(password or '', safe='')}@" if user else ""
    sender = environment.get("MAIL_FROM") or user or f"sayso@{host}"
    to = environment["MAIL_TO"]
    scheme = "mailto" if port == "25" else "mailtos"
    return f"{scheme}://{login}{host}:{port}/?from={quote(sender, safe='')}&to={quote(to, safe=',@')}"


def main(title: str, text: str) -> None:
    """Send to each destination, and say which ones failed by their names."""
    found = addresses(os.environ)
    if not found:
        return
    try:
        import apprise
    except ImportError:
        print("warning: no notification was sent: apprise is not installed (pip install apprise).", file=sys.stderr)  # noqa: T201
        return
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its messages may have parts of an address
    for name, url in found:
        sender = apprise.Apprise()
        is_sent = sender.add(url) and sender.notify(title=title, body=text)
        result = "sent" if is_sent else "could not be sent"
        print(f"Notification to {name}: {result}.", file=sys.stdout if is_sent else sys.stderr)


def end_late(*_: object) -> None:
    """The time limit has passed: end, without what a library would print."""
    os.write(2, b"warning: a notification took too long.\n")
    os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, end_late)
    signal.alarm(int(os.environ.get("SAYSO_NOTIFY_SECONDS") or "20"))
    try:
        main(sys.argv[1], sys.stdin.read())
    except Exception as error:  # noqa: BLE001 -- a notification never fails a deployment; the message may have a secret
        print(f"warning: a notification could not be sent: {type(error).__name__}.", file=sys.stderr)  # noqa: T201
