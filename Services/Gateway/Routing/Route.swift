/// One line of the routing table: what a method on a path means, and under which conditions.
struct Route: Sendable {
    /// Where requests go.
    enum Target: Sendable, Equatable {
        case upstream(UpstreamName)
        case page(Page)
        /// Named in the design, built later: 501.
        case notBuilt(String)
    }

    /// What the gateway answers itself.
    enum Page: Sendable, Equatable {
        case home, styles, pageScript, script, icon, docs, docsScript, connect, connectScript, openAPI, health, status
    }

    /// Who may pass.
    enum Access: Sendable, Equatable {
        /// Anybody; counted by address.
        case open
        /// Anybody, to sign in; counted by address, and little.
        case signIn
        /// Who has an access token.
        case person
    }

    /// What a request may carry.
    enum Content: Sendable, Equatable {
        case json
        /// A file, which streams through.
        case file
    }

    let template: String
    let methods: MethodSet
    let target: Target
    var access = Access.person
    var content = Content.json
    /// A rule besides the one for each person.
    var rule: RateRule.Name?
    /// The answer lasts as long as both sides like (SSE, WebSocket).
    var isLongLived = false
    /// The answer is media for a browser to show.
    var isMedia = false
    /// A route of the tus protocol: `Tus-Resumable` on every answer, `OPTIONS` goes through.
    var isTus = false

    /// The segments between slashes; `{name}` stands for one, `{name*}` at the end for one or more.
    var segments: [String] { template.split(separator: "/", omittingEmptySubsequences: true).map(String.init) }
}
