/// A notice as a plain mail.
struct MailText: Sendable, Equatable {
    let subject: String
    let body: String

    init(_ notice: Notice, publicURL: String) {
        subject = notice.title
        body = """
            \(notice.title)

            \(notice.body)

            \(publicURL)

            You get this mail because your preferences ask for \(notice.kind).
            """
    }
}
