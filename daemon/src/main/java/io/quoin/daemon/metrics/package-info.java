/// What monitoring is told: everything that is counted, timed and decided, as OpenMetrics.
package io.quoin.daemon.metrics;
