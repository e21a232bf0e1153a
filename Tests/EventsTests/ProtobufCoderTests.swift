import Events
import Foundation
import Primitives
import Telemetry
import Testing

@Suite struct ProtobufCoderTests {
    private static func roundTrip<P: EventPayload>(_ payload: P) throws -> Bool {
        try ProtobufCoder.decode(P.self, from: ProtobufCoder.encode(payload)) == payload
    }

    @Test(arguments: 0..<Samples.all.count) func everyPayloadComesBack(_ index: Int) throws {
        #expect(try Self.roundTrip(Samples.all[index]))
    }

    /// The bytes by hand from the rules of the encoding: tag, length, text; tag, varint.
    @Test func goldenBytes() throws {
        let signedIn = UserSignedIn(userID: Samples.id, workspaceID: Samples.id)
        let id = "01890a5d-ac96-774b-bcce-b302099a8057"
        #expect(
            try ProtobufCoder.encode(signedIn) == Data([0x0A, 36]) + Data(id.utf8) + Data([0x12, 36]) + Data(id.utf8))
        let deleted = AssetDeleted(assetID: Samples.id, workspaceID: Samples.id, ownerID: Samples.id, size: 300)
        #expect(try ProtobufCoder.encode(deleted).suffix(3) == Data([0x28, 0xAC, 0x02]))
    }

    @Test func absentFieldsStayAbsent() throws {
        let event = SessionRevoked(userID: Samples.id, reason: "")
        let data = try ProtobufCoder.encode(event)
        #expect(try ProtobufCoder.decode(SessionRevoked.self, from: data) == event)
        let run = RunChanged(
            runID: Samples.id, workspaceID: Samples.id, userID: Samples.id, workflowID: "film", status: "pending",
            progress: 0, stepsDone: 0, stepsTotal: 0)
        #expect(try Self.roundTrip(run))
    }

    @Test func fieldsOfALaterVersionAreIgnored() throws {
        let event = UserSignedIn(userID: Samples.id, workspaceID: Samples.id)
        let later = try ProtobufCoder.encode(event) + Data([0xF8, 0x07, 0x01])
        #expect(try ProtobufCoder.decode(UserSignedIn.self, from: later) == event)
    }

    @Test func brokenBytesAreRefused() throws {
        let whole = try ProtobufCoder.encode(UserSignedIn(userID: Samples.id, workspaceID: Samples.id))
        for count in 0..<whole.count {
            #expect(throws: EventError.self) {
                try ProtobufCoder.decode(UserSignedIn.self, from: Data(whole.prefix(count)))
            }
        }
        #expect(throws: EventError.self) {
            try ProtobufCoder.decode(UserSignedIn.self, from: Data([0x0A, 1, 0xFF, 0x12, 1, 0x41]))
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let noise = Data((0..<Int.random(in: 0..<200, using: &generator)).map { _ in UInt8.random(in: 0...255) })
            #expect(throws: EventError.self) { try ProtobufCoder.decode(AssetCreated.self, from: noise) }
        }
    }

    @Test func whatAMessageCannotCarryIsRefused() throws {
        var event = SessionRevoked(userID: Samples.id, reason: "cut\0short")
        #expect(throws: EventError.self) { try ProtobufCoder.encode(event) }
        event.reason = String(repeating: "x", count: EventLimits.payloadBytes)
        #expect { try ProtobufCoder.encode(event) } throws: { ($0 as? EventError)?.code == .tooLarge }
    }
}

@Suite struct EventEnvelopeTests {
    @Test func headersComeBack() throws {
        let event = UserSignedIn(userID: Samples.id, workspaceID: Samples.id)
        let envelope = try EventEnvelope(event, source: "user", key: event.key, trace: .root())
        let read = try EventEnvelope(
            headers: envelope.headers.map { ($0.name, Data($0.value.utf8)) }, key: Data(event.key.utf8),
            value: envelope.payload)
        #expect(read.id == envelope.id)
        #expect(read.time.milliseconds == envelope.time.milliseconds)
        #expect(read.trace?.traceparent == envelope.trace?.traceparent)
        #expect(try Event<UserSignedIn>(read).payload == event)
        #expect(
            envelope.headers.map(\.name).starts(with: ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"]))
    }

    @Test(arguments: ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"])
    func aMissingHeaderIsNamed(_ missing: String) throws {
        let event = UserSignedIn(userID: Samples.id, workspaceID: Samples.id)
        let envelope = try EventEnvelope(event, source: "user", key: event.key, trace: nil)
        let headers = envelope.headers.filter { $0.name != missing }.map { ($0.name, Data($0.value.utf8)) }
        #expect {
            try EventEnvelope(headers: headers, key: nil, value: envelope.payload)
        } throws: { error in
            (error as? EventError).map { $0.code == .headers && $0.reason.contains(missing) } ?? false
        }
    }

    @Test func aTombstoneIsAnEmptyEvent() throws {
        let event = UserSignedIn(userID: Samples.id, workspaceID: Samples.id)
        let envelope = try EventEnvelope(event, source: "user", key: event.key, trace: nil)
        #expect {
            try EventEnvelope(
                headers: envelope.headers.map { ($0.name, Data($0.value.utf8)) }, key: nil, value: nil)
        } throws: { ($0 as? EventError)?.code == .empty }
    }

    @Test func topicsOfWorkFollowTheWorker() {
        let cancel = CancelWork(workID: Samples.id, worker: .mlWorker, reason: "")
        #expect(cancel.topic.rawValue == "atelier.ml-worker.commands.v1")
        for type in EventRegistry.all { #expect(type.topics.allSatisfy(Topic.all.contains)) }
    }
}
