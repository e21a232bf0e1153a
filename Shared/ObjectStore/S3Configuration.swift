/// An S3-compatible store.
public struct S3Configuration: Sendable {
    /// `https://s3.eu-central-1.amazonaws.com`, without a slash at the end.
    public var endpoint: String
    /// One bucket for all objects; it must be there.
    public var bucket: String
    /// The region that requests are signed for.
    public var region: String
    /// The public half of the credentials.
    public var accessKey: String
    /// The secret half; never logged.
    public var secretKey: String
    /// The endpoint that browsers and workers reach, where it is another; presigned URLs name it.
    public var publicEndpoint: String?
    /// Files larger than this go up in parts of this size; bytes, at least 5 MiB.
    public var partBytes: Int64 = 64 << 20

    /// A store with parts of 64 MiB, reached by all under `endpoint`.
    public init(endpoint: String, bucket: String, region: String, accessKey: String, secretKey: String) {
        self.endpoint = endpoint
        self.bucket = bucket
        self.region = region
        self.accessKey = accessKey
        self.secretKey = secretKey
    }
}
