package io.quoin.benchmarks;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// Intel's ISA-L, the measure of what this processor can do. Called without the JVM's safepoint transition, so that a
/// call costs what it costs in C.
///
/// Source: `isa-l/crc.h`, `raid.h` and `erasure_code.h` of version 2.30.
final class Isal {
    /// What the loader is asked for; Debian: package libisal2.
    static final String LIBRARY = "libisal.so.2";

    private static final Optional<SymbolLookup> FOUND = find();

    private static final MethodHandle CRC16_T10DIF =
            handle("crc16_t10dif", JAVA_SHORT, JAVA_SHORT, ADDRESS, JAVA_LONG);
    private static final MethodHandle XOR_GEN =
            handle("xor_gen", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle PQ_GEN =
            handle("pq_gen", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle MATRIX =
            handle("gf_gen_cauchy1_matrix", null, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle TABLES =
            handle("ec_init_tables", null, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle ENCODE =
            handle("ec_encode_data", null, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS);

    private Isal() {}

    /// {@return whether the library is installed; if not, every other method fails}
    static boolean isInstalled() {
        return FOUND.isPresent();
    }

    /// {@return CRC-16/T10-DIF, initial value 0}
    ///
    /// @param data native
    /// @param lengthBytes of it
    static int crc16T10Dif(MemorySegment data, long lengthBytes) {
        try {
            return (short) CRC16_T10DIF.invokeExact((short) 0, data, lengthBytes) & 0xFFFF;
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    /// Writes the XOR of all blocks but the last into the last.
    ///
    /// @param blockCount blocks, the parity included
    /// @param lengthBytes of each, a multiple of 32
    /// @param addresses of the blocks, aligned to 32 bytes
    static void xor(int blockCount, int lengthBytes, MemorySegment addresses) {
        try {
            check((int) XOR_GEN.invokeExact(blockCount, lengthBytes, addresses));
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    /// Writes P and Q of all blocks but the last two into these.
    ///
    /// @param blockCount blocks, both parities included
    /// @param lengthBytes of each, a multiple of 32
    /// @param addresses of the blocks, aligned to 32 bytes
    static void pq(int blockCount, int lengthBytes, MemorySegment addresses) {
        try {
            check((int) PQ_GEN.invokeExact(blockCount, lengthBytes, addresses));
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    /// {@return the tables of a Cauchy code, for {@link #encode}}
    ///
    /// @param arena owns them
    /// @param dataCount k
    /// @param parityCount m
    static MemorySegment tables(Arena arena, int dataCount, int parityCount) {
        int blockCount = dataCount + parityCount;
        MemorySegment matrix = arena.allocate((long) blockCount * dataCount);
        MemorySegment tables = arena.allocate(32L * dataCount * parityCount, 64);
        try {
            MATRIX.invokeExact(matrix, blockCount, dataCount);
            TABLES.invokeExact(
                    dataCount, parityCount, matrix.asSlice((long) dataCount * dataCount), tables);
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
        return tables;
    }

    /// Writes m parity blocks of k data blocks.
    ///
    /// @param lengthBytes of each block
    /// @param dataCount k
    /// @param parityCount m
    /// @param tables of these sizes
    /// @param data addresses of the data blocks
    /// @param parity addresses of the parity blocks
    static void encode(
            int lengthBytes,
            int dataCount,
            int parityCount,
            MemorySegment tables,
            MemorySegment data,
            MemorySegment parity) {
        try {
            ENCODE.invokeExact(lengthBytes, dataCount, parityCount, tables, data, parity);
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    private static void check(int result) {
        if (result != 0) {
            throw new IllegalArgumentException("ISA-L refused the call: " + result);
        }
    }

    private static Optional<SymbolLookup> find() {
        try {
            return Optional.of(SymbolLookup.libraryLookup(LIBRARY, Arena.global()));
        } catch (IllegalArgumentException missing) {
            return Optional.empty();
        }
    }

    private static MethodHandle handle(
            String name, MemoryLayout result, MemoryLayout... arguments) {
        FunctionDescriptor type =
                result == null
                        ? FunctionDescriptor.ofVoid(arguments)
                        : FunctionDescriptor.of(result, arguments);
        return FOUND.flatMap(library -> library.find(name))
                .map(at -> Linker.nativeLinker().downcallHandle(at, type, critical()))
                .orElse(null);
    }

    private static Linker.Option critical() {
        return Linker.Option.critical(false);
    }
}
