# Sourced by the launchers: exports JAVA_HOME of a JDK 25, or says what to install and exits with 3.
quoin_is_jdk25() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] && grep -q '^JAVA_VERSION="25' "$1/release"
}
quoin_find_jdk() {
  local candidate onpath
  onpath=$(command -v javac 2>/dev/null) && onpath=$(readlink -f "$onpath") && onpath=${onpath%/bin/javac}
  for candidate in "${JAVA_HOME:-}" "$onpath" /usr/lib/jvm/* /opt/jdk* /opt/java/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*; do
    if [ -n "$candidate" ] && quoin_is_jdk25 "$candidate"; then
      export JAVA_HOME=$candidate
      return 0
    fi
  done
  echo "quoin: no JDK 25 in JAVA_HOME, PATH, /usr/lib/jvm, /opt or ~/.sdkman. Install one: apt-get install temurin-25-jdk (packages.adoptium.net), or openjdk-25-jdk where Debian has it; or set JAVA_HOME." >&2
  exit 3
}
quoin_find_jdk
