import Testing

/// Tests over real sockets: one at a time, because they block the thread that they run on.
@Suite(.serialized, .timeLimit(.minutes(5)))
enum LiveTests {}
