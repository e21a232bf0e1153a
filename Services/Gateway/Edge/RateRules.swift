/// The rules in force, by name.
struct RateRules: Sendable {
    private let rules: [RateRule]

    init(_ settings: GatewayConfiguration) {
        let minute: UInt64 = 60_000
        rules = [
            RateRule(name: .person, limit: settings.ratePerson, window: minute),
            RateRule(name: .projects, limit: settings.rateProjects, window: minute),
            RateRule(name: .generate, limit: settings.rateGenerate, window: minute),
            RateRule(name: .render, limit: settings.rateRender, window: minute),
            RateRule(name: .publish, limit: settings.ratePublish, window: 60 * minute),
            RateRule(name: .signIn, limit: settings.rateSignIn, window: minute),
            RateRule(name: .refused, limit: settings.rateRefused, window: minute),
            RateRule(name: .open, limit: settings.rateOpen, window: minute),
        ]
    }

    subscript(name: RateRule.Name) -> RateRule { rules[Int(name.rawValue)] }
}
