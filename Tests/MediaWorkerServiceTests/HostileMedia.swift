import Testing

/// What is done in child processes. One test at a time, so that each can count the processes that are left.
@Suite(.serialized) enum HostileMedia {}
