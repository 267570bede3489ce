/// What weakens a volume's promise, or would at night: looked for in what the daemon says and in what the host says of itself.
package io.quoin.cli.doctor;
