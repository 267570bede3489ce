/// quoind: the parts put together, and their lives from the first line of the log to the last.
package io.quoin.daemon;
