import Testing

@testable import ProjectService

@Suite struct ProjectStatusTests {
    @Test func aPersonGoesStageByStage() {
        let way: [ProjectStatus] = [.draft, .scripting, .generating, .rendering, .published]
        for (from, to) in zip(way, way.dropFirst()) { #expect(from.canBecome(to, by: .person)) }
        for from in way {
            for to in way where way.firstIndex(of: to)! > way.firstIndex(of: from)! + 1 {
                #expect(!from.canBecome(to, by: .person), "\(from) → \(to)")
            }
        }
        #expect(!ProjectStatus.draft.canBecome(.failed, by: .person))
        #expect(!ProjectStatus.archived.canBecome(.published, by: .person))
    }

    @Test(arguments: ProjectStatus.allCases)
    func everyStatusCanBeArchivedAndBack(status: ProjectStatus) {
        #expect(status.canBecome(.archived, by: .person))
        #expect(ProjectStatus.archived.canBecome(.draft, by: .person))
        #expect(status.canBecome(status, by: .workflow))
    }

    @Test func aWorkflowEntersAnywhereButNotIntoTheArchive() {
        #expect(ProjectStatus.draft.canBecome(.rendering, by: .workflow))
        #expect(ProjectStatus.published.canBecome(.scripting, by: .workflow))
        #expect(!ProjectStatus.archived.canBecome(.scripting, by: .workflow))
        #expect(!ProjectStatus.generating.canBecome(.archived, by: .workflow))
    }
}
