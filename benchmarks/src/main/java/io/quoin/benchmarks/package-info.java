/// Measurements: JMH over the parts, and later Quoin beside its peers. Nothing depends on this module.
package io.quoin.benchmarks;
