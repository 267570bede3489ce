/// Hostile NBD clients against the built daemon: `.ci/hostile`, and a short run with the tests.
package io.quoin.cli.hostile;
