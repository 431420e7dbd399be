#!/usr/bin/env bash
# Unpacks the mail servers that tests talk to: Debian's postfix and exim, beside each other, which as installed packages they
# would not suffer. Nothing is installed, no service is started; needs apt-get, not root. They go where real_base.py looks.
set -euo pipefail
target="${MAILER_TEST_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/mailer-tests/servers}"
[ -e "$target/complete" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
packages=(postfix exim4-daemon-light libnss-wrapper libidn12)
# Its complaint, when root runs this, that nobody else may read the folder is of no interest.
apt-get download -qq "${packages[@]}" 2>/dev/null || { apt-get update -qq && apt-get download -qq "${packages[@]}"; }
for package in *.deb; do dpkg -x "$package" unpacked; done
# Its processes run as one user, so it need not become root, and libraries may be found beside it.
chmod u-s unpacked/usr/sbin/exim4
touch unpacked/complete
mkdir -p "$(dirname "$target")"
rm -rf "$target"
mv unpacked "$target"
