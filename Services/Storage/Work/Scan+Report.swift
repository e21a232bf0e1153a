extension Scan {
    /// What was found, and what was done about it.
    struct Report: Encodable, Sendable {
        var rows = 0
        var objects = 0
        /// Bytes of all objects.
        var bytes: Int64 = 0
        /// Objects whose content was read and compared.
        var compared = 0
        var uploadsOpen = 0
        /// The sweeper ends them.
        var uploadsExpired = 0
        /// Objects that wait to be deleted, which the sweeper does, or are what an upload has so far.
        var waiting = 0
        /// Objects that no row names. Repaired: they are deleted.
        var orphans = Findings()
        /// Rows whose object is not there. Not repaired: a copy may have it.
        var missing = Findings()
        /// Objects of another size than their rows say. Not repaired.
        var sizes = Findings()
        /// Objects of another content than their rows say. Not repaired.
        var digests = Findings()
        /// Objects whose keys are none of ours. Never touched.
        var foreign = Findings()
        /// Objects that wait to be deleted although a row names them. Repaired: they are kept.
        var condemned = Findings()
        /// Workspaces whose use is counted wrongly. Repaired: counted anew.
        var counts = Findings()
        var applied: Bool?
    }

    /// How many there are of a kind, with examples.
    struct Findings: Encodable, Sendable {
        var count = 0
        var repaired = 0
        var examples: [String] = []

        mutating func add(_ example: String, limit: Int) {
            count += 1
            if examples.count < limit { examples.append(example) }
        }
    }
}
