package io.quoin.daemon.nbd;

/// What server and client agreed on before transmission.
///
/// @param export the export
/// @param structured replies come in chunks
/// @param allocation BLOCK_STATUS reports `base:allocation`
record Terms(Export export, boolean structured, boolean allocation) {}
