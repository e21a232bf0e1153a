internal import CCurl
internal import HTTP

/// curl's handle for one transfer. Belongs to curl's thread; freed with the last reference.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private var list: UnsafeMutablePointer<curl_slist>?
    private var recipients: UnsafeMutablePointer<curl_slist>?

    init?() {
        guard let pointer = curl_easy_init() else { return nil }
        self.pointer = pointer
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(list)
        curl_slist_free_all(recipients)
    }

    func set(_ option: CURLoption, _ value: Int) { _ = atelier_curl_long(pointer, option, value) }
    func set(_ option: CURLoption, _ value: String) { _ = atelier_curl_string(pointer, option, value) }
    func set(_ option: CURLoption, offset value: Int64) { _ = atelier_curl_offset(pointer, option, value) }

    /// Milliseconds; at least one, since 0 means no limit.
    func set(_ option: CURLoption, _ value: Duration) {
        let (seconds, attoseconds) = value.components
        set(option, max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)))
    }

    /// Header lines as curl wants them: `Name: value`, `Name;` for an empty value, `Name:` to leave one out.
    func setHeaderLines(_ lines: [String]) {
        for line in lines { list = curl_slist_append(list, line) }
        _ = atelier_curl_list(pointer, CURLOPT_HTTPHEADER, list)
    }

    func setRecipients(_ addresses: [String]) {
        for address in addresses { recipients = curl_slist_append(recipients, address) }
        _ = atelier_curl_list(pointer, CURLOPT_MAIL_RCPT, recipients)
    }
}
