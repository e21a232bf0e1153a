/// What Redis answers to one command.
public enum RedisReply: Sendable, Equatable {
    /// A word such as `OK`, or a value; bytes that are no UTF-8 are replaced.
    case text(String)
    /// A whole number.
    case number(Int64)
    /// Nothing, where something was asked for that is not there.
    case nothing
    /// Several.
    case list([RedisReply])
    /// It refused: its word for why, and a sentence.
    case refusal(String)
}
