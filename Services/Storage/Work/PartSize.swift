/// How large parts are, in bytes. S3 wants 5 MiB and more of all but the last, and no more than 10,000 of them: half of
/// the numbers are left for parts that came to nothing.
enum PartSize {
    static func least(_ length: Int64) -> Int64 { max(5 << 20, (length + 4999) / 5000) }
    static func usual(_ length: Int64) -> Int64 { max(8 << 20, least(length)) }
}
