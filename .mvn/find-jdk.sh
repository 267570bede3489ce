# Sourced by the launchers: exports JAVA_HOME of a JDK 25, or says what to install and exits with 3.
quoin_is_jdk25() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] && grep -q '^JAVA_VERSION="25[."]' "$1/release"
}
quoin_find_jdk() {
  local candidate onpath
  onpath=$(command -v javac 2>/dev/null) && onpath=$(readlink -f "$onpath") && onpath=${onpath%/bin/javac}
  for candidate in "${JAVA_HOME:-}" "$onpath" /usr/lib/jvm/* /opt/jdk* /opt/java/* "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/*; do
    if [ -n "$candidate" ] && quoin_is_jdk25 "$candidate"; then
      export JAVA_HOME=$candidate
      return 0
    fi
  done
  cat >&2 <<'END'
quoin: no JDK 25 in JAVA_HOME, PATH, /usr/lib/jvm, /opt, ~/.sdkman or ~/.jdks. Set JAVA_HOME, or install one. On Debian, as root:
  apt-get update && apt-get install -y ca-certificates wget
  wget -O /etc/apt/trusted.gpg.d/adoptium.asc https://packages.adoptium.net/artifactory/api/gpg/key/public
  echo "deb https://packages.adoptium.net/artifactory/deb $(. /etc/os-release; echo $VERSION_CODENAME) main" > /etc/apt/sources.list.d/adoptium.list
  apt-get update && apt-get install -y temurin-25-jdk
END
  exit 3
}
quoin_find_jdk
