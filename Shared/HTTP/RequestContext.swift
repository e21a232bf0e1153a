/// A key of ``RequestContext``: a type that names the kind of value.
public protocol RequestContextKey {
    /// What is kept under the key.
    associatedtype Value: Sendable
}

/// What middleware found out about a request, by typed keys.
public struct RequestContext: Sendable {
    private var values: [ObjectIdentifier: any Sendable] = [:]

    public init() {}

    /// The value under a key, `nil` where no one set it.
    public subscript<Key: RequestContextKey>(key: Key.Type) -> Key.Value? {
        get { values[ObjectIdentifier(key)] as? Key.Value }
        set { values[ObjectIdentifier(key)] = newValue }
    }
}
