#!/bin/sh
# Debian packages by purpose: `debian.sh run` is what make run needs, `debian.sh native` what compiles the addon, `debian.sh swtpm` that
# and a simulated TPM, `debian.sh tpm` what the addon's tests need besides, `debian.sh test` what all tests need, `debian.sh arm64` a
# compiler for the gateway's processor.
# What is missing is named in one apt line, and installed where this runs as root.
set -eu
missing=
# program:package
wants='cc:gcc openssl:openssl flock:util-linux'
native='g++:g++ make:make python3:python3'
swtpm="$native swtpm:swtpm"
tpm="$swtpm socat:socat tpm2_getcap:tpm2-tools systemd-analyze:systemd"
case ${1:-run} in
  native) wants="$wants $native" ;;
  swtpm) wants="$wants $swtpm" ;;
  tpm) wants="$wants $tpm" ;;
  test) wants="$wants $tpm mbpoll:mbpoll xmllint:libxml2-utils git:git mosquitto_passwd:mosquitto mosquitto_pub:mosquitto-clients" ;;
  arm64) wants="$wants $native aarch64-linux-gnu-g++:g++-aarch64-linux-gnu" ;;
esac
for want in $wants; do
  command -v "${want%%:*}" >/dev/null || missing="$missing ${want#*:}"
done
# the C library's headers come with no program of their own
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
case ${1:-run} in
  native | swtpm | tpm | test) [ -e /usr/include/tss2/tss2_esys.h ] || missing="$missing libtss2-dev" ;;
esac
if [ "${1:-run}" = test ]; then
  command -v python3 >/dev/null || missing="$missing python3"
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
fi
[ -n "$missing" ] || exit 0
echo "packages  missing:$missing"
line="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" != 0 ]; then
  echo "install them as root, then run make again: $line" >&2
  exit 1
fi
echo "packages  $line"
export DEBIAN_FRONTEND=noninteractive
# another apt may hold the lock
apt-get -o DPkg::Lock::Timeout=300 update -qq >/dev/null
# shellcheck disable=SC2086 # a list of words
apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $missing >/dev/null
