public import FoundationEssentials
public import HTTP

/// A stored object.
public struct ObjectInfo: Sendable, Hashable {
    /// Where it is stored; see ``ObjectKey``.
    public let key: String
    /// In bytes.
    public let size: Int64

    /// - Parameter size: in bytes.
    public init(key: String, size: Int64) {
        self.key = key
        self.size = size
    }
}

/// Where objects live: a folder of this machine, or an S3-compatible store.
///
/// An object is whole or absent: nobody sees a part of one. Keys are generated, never taken from a client.
public protocol ObjectStore: Sendable {
    /// Stores the content of a staged file, which is gone afterwards. Durable when it returns; replaces what was there.
    /// - Throws: ``ObjectStoreError``.
    func adopt(_ file: StagedFile, as key: String, contentType: String) async throws

    /// Since when the store is known to be away, so that whoever asks is refused at once; `nil` where it is not.
    var awaySince: Date? { get }

    /// Finds out whether a store that failed is away, and whether one that was away is back. Costs nothing otherwise.
    func look() async

    /// What is stored under a key; `nil` where nothing is.
    func info(_ key: String) async throws -> ObjectInfo?

    /// The content, or a part of it.
    /// - Throws: ``ObjectStoreError`` `notFound`.
    func read(_ key: String, range: ByteRange?) async throws -> HTTPBody

    /// The file that holds the object, where it is one of this machine.
    func localPath(_ key: String) -> String?

    /// A URL that anyone may GET for a time, where the store can make one.
    func presignedURL(_ key: String, lifetime: Duration, contentType: String, disposition: String?) throws -> String?

    /// Takes an object away. That it is not there is no error.
    func delete(_ key: String) async throws

    /// Objects whose keys begin with `prefix`, in the order of their keys, after `after`.
    func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo]

    /// Takes away what the store keeps of objects that were begun and never became whole, where that was longer than
    /// `age` ago. To be called now and then.
    /// - Parameter keeping: of some of the store's ids of what was begun, those that somebody goes on with.
    /// - Returns: how many there were.
    /// - Throws: ``ObjectStoreError``; what `keeping` throws.
    func sweepUnfinished(
        olderThan age: Duration, keeping: @Sendable ([String]) async throws -> Set<String>
    ) async throws -> Int
}

extension ObjectStore {
    /// Nothing: a store that takes objects whole has none that are not.
    public func sweepUnfinished(
        olderThan age: Duration, keeping: @Sendable ([String]) async throws -> Set<String>
    ) async throws -> Int { 0 }
}

/// Keys are made of segments of letters, digits, `-`, `_` and `.`, and none of them begins with a dot.
public enum ObjectKey {
    /// Whether a key is of that form, of 900 bytes at most and 200 for each segment: no path can leave the store's
    /// folder.
    public static func isValid(_ key: String) -> Bool {
        guard !key.isEmpty, key.utf8.count <= 900 else { return false }
        return key.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { segment in
            !segment.isEmpty && segment.utf8.first != UInt8(ascii: ".") && segment.utf8.count <= 200
                && segment.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
                }
        }
    }
}
