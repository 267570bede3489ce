# Sourced by the programs in bin: sets java to a Java 25, or says what to install and exits with 3.
# Looks, in this order, at JAVA_HOME, the runtime that was shipped along, the PATH and the usual places.
quoin_is_java25() {
  local line
  [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
  while read -r line; do
    case $line in JAVA_VERSION=\"25[.\"]*) return 0 ;; esac
  done <"$1/release"
  return 1
}
quoin_find_java() {
  local candidate
  for candidate in "${JAVA_HOME:-}" "$quoin_home/runtime"; do
    if [ -n "$candidate" ] && quoin_is_java25 "$candidate"; then
      java=$candidate/bin/java
      return
    fi
  done
  if candidate=$(command -v java) && candidate=$(readlink -f "$candidate") && quoin_is_java25 "${candidate%/bin/java}"; then
    java=$candidate
    return
  fi
  for candidate in /usr/lib/jvm/* /opt/jdk* /opt/java/* "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/*; do
    if quoin_is_java25 "$candidate"; then
      java=$candidate/bin/java
      return
    fi
  done
  cat >&2 <<'END'
quoin: no Java 25 in JAVA_HOME, PATH, /usr/lib/jvm, /opt, ~/.sdkman or ~/.jdks. Set JAVA_HOME, or install one. On Debian, as root:
  apt-get update && apt-get install -y ca-certificates wget
  wget -O /etc/apt/trusted.gpg.d/adoptium.asc https://packages.adoptium.net/artifactory/api/gpg/key/public
  echo "deb https://packages.adoptium.net/artifactory/deb $(. /etc/os-release; echo $VERSION_CODENAME) main" > /etc/apt/sources.list.d/adoptium.list
  apt-get update && apt-get install -y temurin-25-jre
END
  exit 3
}
quoin_find_java
