/// What the daemon tells the outside about itself.
package io.quoin.daemon.observe;
