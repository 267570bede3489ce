package io.quoin.daemon.control;

/// A request that cannot be followed; its message is the answer's `error`.
final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    Refusal(String message) {
        super(message);
    }
}
