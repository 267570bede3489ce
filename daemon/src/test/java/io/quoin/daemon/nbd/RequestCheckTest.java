package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ErrorCode;
import io.quoin.codec.nbd.ExportName;
import io.quoin.volume.intake.Request;
import java.math.BigInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RequestCheckTest {
    private static final long SIZE = 64L << 20;

    private final MemoryDevice device = new MemoryDevice(SIZE);
    private final Export export = new Export(new ExportName("x"), device);
    private final Terms terms = new Terms(export, true, true);

    @AfterEach
    void close() {
        device.close();
    }

    /// Goal: ranges are judged as unsigned 64-bit numbers, without wrap-around. Method: every
    /// combination of the offsets and lengths around each edge, against arithmetic without a width.
    @Test
    void rangesAreJudgedAsMathematicsWould() {
        long[] edges = {
            0,
            1,
            4095,
            4096,
            SIZE - 4096,
            SIZE - 1,
            SIZE,
            SIZE + 1,
            1L << 31,
            (1L << 32) - 1,
            1L << 32,
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            -4096,
            -1
        };
        long[] lengths = {
            0, 1, 512, 4096, 32 << 20, SIZE - 1, SIZE, SIZE + 1, 1L << 31, (1L << 32) - 1
        };
        for (int type = CommandType.READ; type <= CommandType.BLOCK_STATUS; type++) {
            if (type == CommandType.DISC || type == CommandType.FLUSH) {
                continue;
            }
            for (long offset : edges) {
                for (long length : lengths) {
                    BigInteger end =
                            new BigInteger(Long.toUnsignedString(offset))
                                    .add(BigInteger.valueOf(length));
                    boolean within = end.compareTo(BigInteger.valueOf(SIZE)) <= 0;
                    boolean isPayload = type == CommandType.READ || type == CommandType.WRITE;
                    boolean isWrite = type == CommandType.WRITE || type == CommandType.WRITE_ZEROES;
                    ReplyError expected;
                    if (type == CommandType.BLOCK_STATUS && length == 0) {
                        expected = ReplyError.EMPTY_STATUS;
                    } else if (isPayload && length > 32 << 20) {
                        expected = ReplyError.TOO_LONG;
                    } else if (within) {
                        expected = ReplyError.NONE;
                    } else {
                        expected = isWrite ? ReplyError.NO_SPACE : ReplyError.BEYOND_END;
                    }
                    assertThat(RequestCheck.check(terms, type, 0, offset, length))
                            .as("%s %d+%d", CommandType.toText(type), offset, length)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void everyCommandTakesExactlyItsOwnFlagsAndFua() {
        for (int type = 0; type < 1 << 16; type = type < 16 ? type + 1 : type * 2) {
            if (type == CommandType.DISC) {
                continue;
            }
            int known =
                    switch (type) {
                        case CommandType.READ -> CommandFlag.DF;
                        case CommandType.WRITE_ZEROES ->
                                CommandFlag.NO_HOLE | CommandFlag.FAST_ZERO;
                        case CommandType.BLOCK_STATUS -> CommandFlag.REQ_ONE;
                        default -> 0;
                    };
            long length = type == CommandType.FLUSH ? 0 : 4096;
            for (int flags = 0; flags < 1 << 16; flags++) {
                ReplyError found = RequestCheck.check(terms, type, flags, 0, length);
                ReplyError expected =
                        type > CommandType.BLOCK_STATUS
                                ? ReplyError.UNKNOWN_COMMAND
                                : (flags & ~(known | CommandFlag.FUA)) != 0
                                        ? ReplyError.UNKNOWN_FLAG
                                        : ReplyError.NONE;
                if (found != expected) {
                    assertThat(found).as("type %d flags %x", type, flags).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void whatWasNotAgreedIsRefused() {
        Terms plain = new Terms(export, false, false);
        assertThat(RequestCheck.check(plain, CommandType.READ, CommandFlag.DF, 0, 1))
                .isEqualTo(ReplyError.UNKNOWN_FLAG);
        assertThat(RequestCheck.check(plain, CommandType.BLOCK_STATUS, 0, 0, 1))
                .isEqualTo(ReplyError.NO_CONTEXT);
        assertThat(RequestCheck.check(plain, CommandType.FLUSH, 0, 0, 1))
                .isEqualTo(ReplyError.FLUSH_RANGE);
    }

    @Test
    void aReadOnlyExportRefusesWhatChangesIt() {
        device.readOnly();
        for (int type = CommandType.READ; type <= CommandType.BLOCK_STATUS; type++) {
            boolean changes =
                    type == CommandType.WRITE
                            || type == CommandType.TRIM
                            || type == CommandType.WRITE_ZEROES;
            if (type != CommandType.DISC && type != CommandType.FLUSH) {
                assertThat(RequestCheck.check(terms, type, 0, 0, 4096) == ReplyError.READ_ONLY)
                        .as(CommandType.toText(type))
                        .isEqualTo(changes);
            }
        }
    }

    @Test
    void everyOutcomeOfAVolumeHasItsErrorCode() {
        assertThat(ReplyError.of(Request.Outcome.OK).code()).isEqualTo(ErrorCode.OK);
        assertThat(ReplyError.of(Request.Outcome.IO_ERROR).code()).isEqualTo(ErrorCode.EIO);
        assertThat(ReplyError.of(Request.Outcome.READ_ONLY).code()).isEqualTo(ErrorCode.EPERM);
        assertThat(ReplyError.of(Request.Outcome.NOT_FAST).code()).isEqualTo(ErrorCode.ENOTSUP);
        assertThat(ReplyError.of(Request.Outcome.SHUTDOWN).code()).isEqualTo(ErrorCode.ESHUTDOWN);
    }
}
