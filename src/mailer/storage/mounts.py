"""What a file lies on. SQLite keeps two writers apart by locks of the file, which network file systems do not keep.

Two machines at one file would damage it, and one machine may too, so such a place is refused.
"""

import re
from pathlib import Path

#: File systems of /proc/self/mountinfo that a second machine may have mounted as well.
NETWORKED = re.compile(
    r"(fuse\.)?(afs|beegfs|ceph|cifs|coda|davfs2?|gcsfuse|gfs2|glusterfs|goofys|gpfs|juicefs|lustre|mfs|nfs4?|ocfs2|rclone|s3fs"
    r"|seaweedfs|smb2|smb3|smbfs|smbnetfs|sshfs)"
)
MOUNTS = Path("/proc/self/mountinfo")


def network_file_system(file: Path, mounts: Path = MOUNTS) -> str | None:
    """The network file system that `file` lies on, or would lie on; None for a local one, or where nobody can tell."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
        kind = file_system(table, file.resolve())
    except OSError:
        return None
    return kind if kind and NETWORKED.fullmatch(kind) else None


def file_system(table: str, path: Path) -> str | None:
    """The type of the file system that `path` (absolute, no links) lies on, by the lines of /proc/self/mountinfo.

    proc_pid_mountinfo(5): the fifth field is where it is mounted; after a lone dash comes its type. The deepest mount
    counts, and of two at one place the later, which covers the other.
    """
    found, deepest = None, -1
    for line in table.splitlines():
        fields = line.split(" ")
        if "-" not in fields[6:-1]:
            continue
        at = Path(_unescaped(fields[4]))
        if path.is_relative_to(at) and len(at.parts) >= deepest:
            deepest, found = len(at.parts), fields[fields.index("-", 6) + 1]
    return found


def _unescaped(text: str) -> str:
    r"""Space, tab, newline and backslash stand there as \040, \011, \012 and \134."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
