"""Exim, run privately from where it is unpacked, without root: a second reading of the same RFCs."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from real_base import HOW, UNPACKED, RealServer, library

PROGRAM = UNPACKED / "usr" / "sbin" / "exim4"
#: The user it runs as when we are root.
OTHER = 64011

CONFIGURATION = """
exim_path = {folder}/exim4
keep_environment = LD_LIBRARY_PATH:LD_PRELOAD:NSS_WRAPPER_PASSWD:NSS_WRAPPER_GROUP
deliver_drop_privilege = true
spool_directory = {folder}/spool
log_file_path = {folder}/log-%slog
pid_file_path = {folder}/pid
primary_hostname = localhost
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_certificate = {certificate}
tls_privatekey = {certificate}
tls_advertise_hosts = *
smtputf8_advertise_hosts = *
pipelining_advertise_hosts = *
# Else it leaves what comes after the tenth message of a connection to the next queue run.
smtp_accept_queue_per_connection = 0
domainlist our_domains = example.org : xn--bcher-kva.example
acl_smtp_rcpt = judge_recipient
acl_smtp_data = take
{settings}
begin acl
judge_recipient:
  accept domains = +our_domains
  deny message = 5.7.1 relaying is not permitted
take:
  accept
begin routers
here:
  driver = accept
  transport = to_maildir
begin transports
to_maildir:
  driver = appendfile
  directory = {folder}/mail/all
  create_directory
  maildir_format
  envelope_to_add
  return_path_add
  user = Debian-exim
begin retry
* * F,1h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = ${{if def:tls_in_cipher}}
  server_condition = ${{if and {{{{eq{{$auth2}}{{ana}}}}{{eq{{$auth3}}{{secret}}}}}}}}
  server_set_id = $auth2
"""


class Exim(RealServer):
    """settings: main options of its configuration. It knows the user ana, with the password secret."""

    name: ClassVar[str] = "exim"

    @staticmethod
    def missing() -> str:
        return "" if PROGRAM.exists() else f"NOT TESTED ON EXIM: it is not unpacked here {HOW}"

    def lay_out(self) -> None:
        user = OTHER if os.geteuid() == 0 else os.geteuid()
        settings = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        places = {"folder": self.folder, "port": self.port, "certificate": self.certificate}
        (self.folder / "conf").write_text(CONFIGURATION.format(**places, settings=settings), encoding="utf-8")
        (self.folder / "passwd").write_text(f"root:x:0:0::/:/bin/sh\nDebian-exim:x:{user}:{user}::/:/bin/false\n")
        (self.folder / "group").write_text(f"root:x:0:\nmail:x:8:\nDebian-exim:x:{user}:\n")
        # It starts itself anew for each delivery, as a user who may see nothing of ours but this folder.
        shutil.copy(PROGRAM, self.folder / "exim4")
        for name in ("libidn.so.12", "libnss_wrapper.so"):
            if found := library(name):
                shutil.copy(found, self.folder / name)
        for name in ("spool", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        if os.geteuid() == 0:
            for path in (self.folder, self.folder / "spool", self.folder / "mail"):
                os.chown(path, user, user)

    def start(self) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "LD_LIBRARY_PATH": str(self.folder),
            "LD_PRELOAD": str(self.folder / "libnss_wrapper.so"),
            "NSS_WRAPPER_PASSWD": str(self.folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(self.folder / "group"),
        }
        drop = {"user": OTHER, "group": OTHER, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [str(self.folder / "exim4"), "-C", str(self.folder / "conf"), "-bdf", "-q1m"]
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(
                command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                **drop,
            )  # fmt: skip

    def logged(self) -> str:
        logs = [self.folder / "said", *sorted(Path(self.folder).glob("log-*"))]
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in logs if path.exists())
