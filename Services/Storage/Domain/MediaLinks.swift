import Crypto
import FoundationEssentials
import Primitives

/// Links that open content without a token, in a browser or a player. The proof stands in the path, so that the relative
/// names in an HLS playlist stay within it.
struct MediaLinks: Sendable {
    /// What a link opens.
    struct Grant: Sendable, Equatable {
        var assetID: UUID
        var workspaceID: UUID
        var expiresAt: Date
        /// Only renditions, not the original.
        var isRenditionsOnly: Bool
    }

    private let key: Data

    init(secret: String) {
        key = HMACSHA256.code(for: Data("atelier media link v1".utf8), key: Data(secret.utf8))
    }

    func token(_ grant: Grant) -> String {
        var payload = Data()
        for id in [grant.assetID, grant.workspaceID] { withUnsafeBytes(of: id.uuid) { payload.append(contentsOf: $0) } }
        let seconds = UInt64(max(0, grant.expiresAt.timeIntervalSince1970.rounded(.up)))
        withUnsafeBytes(of: seconds.bigEndian) { payload.append(contentsOf: $0) }
        payload.append(grant.isRenditionsOnly ? 1 : 0)
        return (payload + code(payload)).base64URL
    }

    /// What a token opens; `nil` where it is not ours or has ended.
    func grant(_ token: String, now: Date = Date()) -> Grant? {
        guard token.utf8.count < 128, let data = Data(base64URL: token), data.count == 57 else { return nil }
        let payload = Data(data.prefix(41))
        guard ConstantTime.areEqual(Data(data.suffix(16)), code(payload)) else { return nil }
        let bytes = [UInt8](payload)
        let seconds = bytes[32..<40].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard Double(seconds) > now.timeIntervalSince1970 else { return nil }
        return Grant(
            assetID: Self.uuid(bytes[0..<16]), workspaceID: Self.uuid(bytes[16..<32]),
            expiresAt: Date(timeIntervalSince1970: Double(seconds)), isRenditionsOnly: bytes[40] == 1)
    }

    private func code(_ payload: Data) -> Data { Data(HMACSHA256.code(for: payload, key: key).prefix(16)) }

    private static func uuid(_ bytes: ArraySlice<UInt8>) -> UUID {
        let b = Array(bytes)
        return UUID(
            uuid: (
                b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]
            ))
    }
}
