import Foundation
import Primitives
import Testing

@testable import PublisherService

@Suite struct PolicyTests {
    private let policy = RetryPolicy()

    @Test func whatMayHaveBeenDoneIsNeverSimplyRepeated() {
        struct Ours: Error {}
        for error: any Error in [NetworkFailure.outcomeUnknown("x"), Ours(), CancellationError()] {
            guard case .unknown = policy.outcome(of: error, attempts: 0, wasSent: true) else {
                Issue.record("\(error)")
                continue
            }
            guard case .again = policy.outcome(of: error, attempts: 0, wasSent: false) else {
                Issue.record("\(error)")
                continue
            }
        }
    }

    @Test func triesEnd() {
        guard
            case .failed(let code, _) = policy.outcome(of: NetworkFailure.unavailable(""), attempts: 11, wasSent: true)
        else { return #expect(Bool(false)) }
        #expect(code == "network_unavailable")
    }

    @Test func aPostIsGivenUpOnlyAfterEnoughQuestionsAndTime() {
        #expect(!policy.mayPostAgain(misses: 2, sentAgo: 100))
        #expect(!policy.mayPostAgain(misses: 3, sentAgo: 19))
        #expect(policy.mayPostAgain(misses: 3, sentAgo: 20))
    }

    @Test func theWholeFollowsFromItsTargets() {
        #expect(PublicationStatus(of: [.waiting, .waiting], hasBegun: false) == .scheduled)
        #expect(PublicationStatus(of: [.waiting, .confirmed], hasBegun: true) == .publishing)
        #expect(PublicationStatus(of: [.waiting], hasBegun: true) == .publishing)
        #expect(PublicationStatus(of: [.unknown, .confirmed], hasBegun: true) == .publishing)
        #expect(PublicationStatus(of: [.confirmed, .failed], hasBegun: true) == .partiallyPublished)
        #expect(PublicationStatus(of: [.failed], hasBegun: true) == .failed)
        #expect(PublicationStatus(of: [.cancelled], hasBegun: false) == .cancelled)
        #expect(PublicationStatus(of: [.confirmed], hasBegun: true) == .published)
    }

    @Test func retryAfterIsBounded() {
        #expect(NetworkCalls.wait("5") == .seconds(5))
        #expect(NetworkCalls.wait("999999") == .seconds(3600))
        #expect(NetworkCalls.wait("-1") == .seconds(60))
        #expect(NetworkCalls.wait(nil) == .seconds(60))
    }
}
