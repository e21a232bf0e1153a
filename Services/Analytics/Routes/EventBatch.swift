import Auth
import FoundationEssentials
import HTTP
import Primitives

/// What `POST /api/v1/analytics/events` takes: things that happened in a client.
struct EventBatch: Sendable, Decodable {
    struct Entry: Sendable, Decodable {
        /// Makes sending it again harmless.
        let id: UUID?
        let type: String
        let at: Date?
        let projectId: UUID?
        let data: JSONValue?
    }

    static let longest = 500
    static let largestData = 8_192
    let events: [Entry]

    /// The events after all checks.
    /// - Throws: `Problem` 400 that names every faulty field.
    func checked(_ principal: Principal, now: Date = Date()) throws -> [Measurement] {
        guard (1...Self.longest).contains(events.count) else {
            throw Problem.invalid(field: "events", reason: "must have 1 to \(Self.longest) entries")
        }
        var faults: [(field: String, reason: String)] = []
        let found = events.enumerated().map { index, entry in
            let id = entry.id ?? .v7()
            let time = entry.at ?? entry.id?.v7Time ?? (entry.id == nil ? now : nil)
            let name = "events[\(index)]"
            if !Self.isType(entry.type) {
                faults.append(("\(name).type", "must have 1 to 64 of a–z, 0–9, '_' and '.', and begin with a letter"))
            }
            if time == nil { faults.append(("\(name).at", "is required with an id that is not of version 7")) }
            if let time, abs(time.timeIntervalSince(now)) > 86_400 {
                faults.append(("\(name).at", "must be within a day of now"))
            }
            if let data = entry.data, (try? JSON.encode(data))?.count ?? .max > Self.largestData {
                faults.append(("\(name).data", "may have \(Self.largestData) bytes at most"))
            }
            // A name of its own: nobody can pass something off as an event of the fleet.
            return Measurement(
                id: id, at: Self.milliseconds(time ?? now), workspaceID: principal.workspaceID,
                projectID: entry.projectId, userID: principal.userID, type: "client.\(entry.type)", data: entry.data)
        }
        if !faults.isEmpty { throw Problem.invalid(faults) }
        return found
    }

    /// Times are kept to the millisecond, so that the same event sent again has the very same time.
    private static func milliseconds(_ date: Date) -> Date { Date(milliseconds: date.milliseconds) }

    private static func isType(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
        else { return false }
        return text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
    }
}
