/// One field line of a head: where its name and value are.
struct FieldLine: Sendable, Equatable {
    let name: ByteRange
    let value: ByteRange
    let known: FieldName
}
