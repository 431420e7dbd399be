"""What is known of services that carry mail for others: a preset fills in what a [[relays]] table does not set.

Hosts, ports and limits are as the services' own documentation had them in November 2026. Where a service publishes no
rate, ours is one that it surely takes; yours is in your account with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One service.

    fills: settings of a relay, by name. login, key: what the service calls user and password, and where it shows them.
    host_form: what its host looks like where each account has another. note: what to know before mail leaves.
    """

    title: str
    fills: Mapping[str, object]
    login: str
    key: str
    host_form: str = ""
    note: str = ""


def _submission(host: str, *, rate: float = 10.0, connections: int = 4, **others: object) -> Mapping[str, object]:
    """Mail is handed in as RFC 6409 has it: port 587, STARTTLS, a login."""
    fills = {"host": host, "port": 587, "security": "starttls", "rate": rate, "connections": connections, **others}
    return {name: value for name, value in fills.items() if value}


PRESETS: Mapping[str, Preset] = {
    "ses": Preset(
        title="Amazon SES",
        fills=_submission("", dkim="off"),  # it sets Message-ID and Date anew, which breaks a signature made before
        host_form="email-smtp.REGION.amazonaws.com",
        login="the SMTP user name (not your account's access key)",
        key="the SMTP password of that region",
        note="A new account is in the sandbox: 200 messages a day, 1 a second, and to verified addresses only. "
        "Your console names your rate and quota: write them as rate and daily_quota.",
    ),
    "brevo": Preset(
        title="Brevo",
        fills=_submission("smtp-relay.brevo.com"),
        login="the login shown under SMTP & API",
        key="an SMTP key (not an API key)",
        note="The free plan carries 300 messages a day: write daily_quota = 300.",
    ),
    "mailgun": Preset(
        title="Mailgun, US region",
        fills=_submission("smtp.mailgun.org"),
        login="an SMTP credential of your domain, an address",
        key="that credential's password (not the API key)",
    ),
    "mailgun-eu": Preset(
        title="Mailgun, EU region",
        fills=_submission("smtp.eu.mailgun.org"),
        login="an SMTP credential of your domain, an address",
        key="that credential's password (not the API key)",
    ),
    "postmark": Preset(
        title="Postmark",
        fills=_submission("smtp-broadcasts.postmarkapp.com"),
        login="the access key of an SMTP token of your broadcast stream",
        key="the secret key of that token",
        note="Postmark takes mailings in a broadcast stream only, which has this host of its own.",
    ),
    "smtp2go": Preset(
        title="SMTP2GO",
        fills=_submission("mail.smtp2go.com", rate=50.0),  # 200,000 an hour
        login="an SMTP user (Sending > SMTP Users)",
        key="that user's password",
        note="A new account may send 1,000 messages a day until it is reviewed: write daily_quota = 1000 until then.",
    ),
    "sendgrid": Preset(
        title="Twilio SendGrid",
        fills=_submission("smtp.sendgrid.net", user="apikey"),
        login="the word apikey",
        key="an API key that may send mail",
    ),
    "mailjet": Preset(
        title="Mailjet",
        fills=_submission("in-v3.mailjet.com"),
        login="the API key",
        key="the secret key",
        note="The free plan carries 200 messages a day: write daily_quota = 200.",
    ),
    "google": Preset(
        title="Google Workspace, SMTP relay service",
        fills=_submission("smtp-relay.gmail.com", rate=5.0, connections=2, daily_quota=10_000),
        login="a user of your Workspace, the whole address",
        key="an app password of that user",
        note="An administrator switches the service on first (Apps > Gmail > Routing). It refuses a greeting that names "
        "no domain: set ehlo_name to a name of yours.",
    ),
    "gmail": Preset(
        title="Gmail, one mailbox",
        fills=_submission("smtp.gmail.com", rate=1.0, connections=1, daily_quota=500),
        login="the whole address",
        key="an app password",
        note="500 messages a day; in Google Workspace 2,000: write daily_quota = 2000. For tests and very small groups.",
    ),
    "microsoft365": Preset(
        title="Microsoft 365, one mailbox",
        # 30 a minute, at most 3 connections
        fills=_submission("smtp.office365.com", rate=0.5, connections=1, daily_quota=10_000),
        login="the mailbox's address",
        key="its password, where SMTP AUTH is still allowed",
        note="Logins by password are going away there: token_command takes the place of the password. "
        "Microsoft advises to send mailings by another service.",
    ),
    "fastmail": Preset(
        title="Fastmail, one mailbox",
        fills={"host": "smtp.fastmail.com", "port": 465, "security": "tls", "rate": 1.0, "connections": 1},
        login="the whole address",
        key="an app password",
        note="A mailbox has a daily limit that depends on its plan: write it as daily_quota.",
    ),
}
