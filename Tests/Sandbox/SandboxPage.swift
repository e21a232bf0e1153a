import FoundationEssentials
import HTTP
import Primitives

/// The one page: posts with their films, mails, and the newest calls.
struct SandboxPage {
    let network: SocialNetwork
    let history: History
    let mail: MailSink

    func add(to routes: inout Router) {
        routes.get("/") { _ in HTMLPage.response("Sandbox", body()) }
    }

    private func body() -> String {
        let posts = network.posts.prefix(24).map { post in
            """
            <article><video controls preload="metadata" playsinline src="/media/\(post.mediaId)#t=2"></video>
            <h3><a href="/posts/\(post.id)">\(HTMLPage.escape(post.caption.isEmpty ? "Untitled" : post.caption))</a></h3>
            <p class="small">\(HTMLPage.escape(post.account)) · \(post.views) views · \(post.bytes / 1000) kB</p></article>
            """
        }
        let mails = mail.mails.prefix(20).map { mail in
            """
            <details><summary>\(HTMLPage.escape(mail.subject)) <span class="small">to \
            \(HTMLPage.escape(mail.to.joined(separator: ", ")))</span></summary>
            <pre>\(HTMLPage.escape(mail.content))</pre></details>
            """
        }
        let calls = history.entries.suffix(40).reversed().map { entry in
            """
            <tr><td>\(entry.at.rfc3339.dropFirst(11).prefix(12))</td><td>\(HTMLPage.escape(entry.target))</td>\
            <td>\(HTMLPage.escape(entry.action))</td><td class="\(entry.outcome == "ok" ? "ok" : "bad")">\
            \(HTMLPage.escape(entry.outcome))</td><td class="small">\(HTMLPage.escape(entry.key ?? ""))</td></tr>
            """
        }
        func section(_ title: String, _ items: [String], _ empty: String, open: String = "", close: String = "")
            -> String
        {
            "<h2>\(title)</h2>" + (items.isEmpty ? "<p class=\"small\">\(empty)</p>" : open + items.joined() + close)
        }
        return """
            <p>What the fleet sent to the world. Nothing here leaves this machine.</p>
            """
                + section("Posts", posts, "Nothing was posted yet.", open: "<div class=\"grid\">", close: "</div>")
                + section("Mail", mails, "No mail yet.")
                + section(
                    "Calls", calls, "No calls yet.",
                    open: "<table><tr><th>time</th><th>to</th><th>what</th><th>answer</th><th>key</th></tr>",
                    close: "</table>")
    }
}

/// The sandbox's pages: one style, no script.
enum HTMLPage {
    static func response(_ title: String, _ body: String) -> HTTPResponse {
        let style = String(decoding: PackageResources.style_css, as: UTF8.self)
        return .text(
            """
            <!doctype html><html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escape(title))</title><style>\(style)</style></head>
            <body><main><h1>\(escape(title))</h1>\(body)</main></body></html>
            """, type: "text/html; charset=utf-8")
    }

    static func escape(_ text: String) -> String {
        text.reduce(into: "") { out, character in
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.append(character)
            }
        }
    }
}
