"""Postfix, run privately from where it is unpacked; and its tools smtp-sink and smtp-source."""

import os
import subprocess
from pathlib import Path
from typing import ClassVar

from real_base import HOW, UNPACKED, RealServer, library

LIBRARIES = UNPACKED / "usr" / "lib" / "postfix"
DAEMONS = LIBRARIES / "sbin"
OWNER, DROP, NOBODY = 64001, 64002, 65534
#: Its users, for this folder alone: the system need not have them.
PASSWD = f"root:x:0:0::/:/bin/sh\npostfix:x:{OWNER}:{OWNER}::/:/bin/false\nnobody:x:{NOBODY}:{NOBODY}::/:/bin/false\n"
GROUP = f"root:x:0:\npostfix:x:{OWNER}:\npostdrop:x:{DROP}:\nnogroup:x:{NOBODY}:\n"
QUEUES = ("active", "incoming", "deferred", "defer", "bounce", "corrupt", "hold", "flush", "saved", "trace", "private")

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
shlib_directory = {libraries}
meta_directory = {folder}/conf
import_environment = MAIL_CONFIG LD_LIBRARY_PATH LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
alias_maps =
alias_database =
# A message is to arrive as it was given, as at a relay that is not this machine.
local_header_rewrite_clients =
# To it we are a stranger, so no limit and no check is waived.
mynetworks = 192.0.2.1
# The strictest reading of RFC 5321 §2.3.8, against smuggling, and of RFC 2920 §3.1.
smtpd_forbid_bare_newline = reject
smtpd_forbid_unauth_pipelining = yes
# It would let a client wait that made mistakes.
smtpd_error_sleep_time = 0
smtpd_tls_chain_files = {certificate}
smtpd_tls_security_level = may
smtpd_tls_loglevel = 0
# Everybody's mail comes to rest in one Maildir.
virtual_mailbox_domains = example.org, xn--bcher-kva.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
# It would slow down a client that sends faster than this disk writes.
in_flow_delay = 0
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def tool(name: str) -> list[str]:
    """The command that starts smtp-sink, smtp-source or another of postfix's tools; empty if there is none here.

    smtp-sink refuses to run as root without `-u USER`.
    """
    program = UNPACKED / "usr" / "sbin" / name
    return ["env", f"LD_LIBRARY_PATH={LIBRARIES}", str(program)] if program.exists() else []


class Postfix(RealServer):
    """settings: of main.cf."""

    name: ClassVar[str] = "postfix"

    @staticmethod
    def missing() -> str:
        if not (DAEMONS / "master").exists():
            return f"NOT TESTED ON POSTFIX: it is not unpacked here {HOW}"
        return "" if os.geteuid() == 0 else "NOT TESTED ON POSTFIX: it only starts as root"

    def lay_out(self) -> None:
        self._make_folders()
        places = {"folder": self.folder, "daemons": DAEMONS, "libraries": LIBRARIES, "certificate": self.certificate}
        main = MAIN.format(**places, nobody=NOBODY)
        main += "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        for name, text in {
            "conf/main.cf": main,
            "conf/master.cf": MASTER.format(port=self.port),
            "passwd": PASSWD,
            "group": GROUP,
        }.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        os.utime(
            self.folder / "conf" / "main.cf", (0, 0)
        )  # it waits for one that is being edited, as a new file may be

    def _make_folders(self) -> None:
        for name, owner, group, mode in (
            ("conf", 0, 0, 0o755),
            ("data", OWNER, OWNER, 0o700),
            ("mail", NOBODY, NOBODY, 0o700),
            ("queue", 0, 0, 0o755),
            ("queue/pid", 0, 0, 0o755),
            ("queue/maildrop", OWNER, DROP, 0o730),
            ("queue/public", OWNER, DROP, 0o710),
            *((f"queue/{queue}", OWNER, 0, 0o700) for queue in QUEUES),
        ):
            path = self.folder / name
            path.mkdir(exist_ok=True)
            os.chown(path, owner, group)
            path.chmod(mode)

    def start(self) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "MAIL_CONFIG": str(self.folder / "conf"),
            "LD_LIBRARY_PATH": str(LIBRARIES),
            "LD_PRELOAD": str(library("libnss_wrapper.so")),
            "NSS_WRAPPER_PASSWD": str(self.folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(self.folder / "group"),
        }
        command = [str(DAEMONS / "master"), "-d", "-c", str(self.folder / "conf")]
        return subprocess.Popen(
            command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def logged(self) -> str:
        log = Path(self.folder / "log")
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else "it logged nothing"
