import FoundationEssentials
import ServiceKit

/// What an operator may do about objects and rows that do not belong together.
enum ScanCommands {
    private static let sample = ["--compare": "all|N"]

    static let all: [OperatorCommand<StorageConfiguration>] = [
        OperatorCommand(
            "scan", options: sample,
            "holds objects and rows against each other; reads the content of all, or of one row in N",
            patience: .seconds(86_400)
        ) { settings, platform, call in
            answer(try await scan(settings, platform, call).run())
        },
        OperatorCommand(
            "repair", options: sample, changes: true,
            "the same; deletes objects that no row names for a day, keeps those that one names, counts use anew",
            patience: .seconds(86_400)
        ) { settings, platform, call in
            var report = try await scan(settings, platform, call).run()
            report.applied = call.applies
            return answer(report)
        },
    ]

    private static func scan(
        _ settings: StorageConfiguration, _ platform: Platform, _ call: OperatorCall
    ) throws -> Scan {
        var scan = Scan(
            store: ScanStore(postgres: platform.postgres), garbage: GarbageStore(postgres: platform.postgres),
            objects: try StorageContext.objects(settings, http: platform.http))
        switch call.values["--compare"] {
        case nil: break
        case "all": scan.comparesEach = 1
        case let text?:
            guard let number = Int(text), number > 0 else {
                throw OperatorRefusal(reason: "--compare needs all, or a number: one row in so many")
            }
            scan.comparesEach = number
        }
        (scan.limit, scan.applies) = (call.limit, call.applies)
        return scan
    }

    private static func answer(_ report: Scan.Report) -> OperatorAnswer {
        let kinds: [(String, Scan.Findings, String)] = [
            ("objects without a row", report.orphans, "deleted by repair"),
            ("rows without an object", report.missing, "bring the object back from a copy, or delete the asset"),
            ("sizes that differ", report.sizes, "as above"),
            ("contents that differ", report.digests, "as above"),
            ("keys that are not ours", report.foreign, "never touched"),
            ("named, yet to be deleted", report.condemned, "kept by repair"),
            ("uses counted wrongly", report.counts, "counted anew by repair"),
        ]
        var text = Columns.pairs([
            ("rows", "\(report.rows)"), ("objects", "\(report.objects), \(report.bytes) bytes"),
            ("contents compared", "\(report.compared)"),
            (
                "uploads under way",
                "\(report.uploadsOpen), \(report.uploadsExpired) of them over: the sweeper ends them"
            ),
            ("to be deleted", "\(report.waiting)"),
        ])
        text += "\n"
        text += Columns.text(
            [["FOUND", "COUNT", "REPAIRED", "WHAT TO DO"]]
                + kinds.map { [$0.0, "\($0.1.count)", "\($0.1.repaired)", $0.2] })
        for (name, findings, _) in kinds where !findings.examples.isEmpty {
            text += "\n\(name):\n" + findings.examples.map { "  \($0)\n" }.joined()
        }
        return OperatorAnswer(text: text, document: report)
    }
}
