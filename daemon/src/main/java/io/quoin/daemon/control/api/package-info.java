/// What the command line knows of the daemon: how to ask it, and what it remembers when it is not there.
package io.quoin.daemon.control.api;
