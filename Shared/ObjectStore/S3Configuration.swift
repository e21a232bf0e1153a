/// An S3-compatible store.
public struct S3Configuration: Sendable {
    /// `https://s3.eu-central-1.amazonaws.com`, without a slash at the end.
    public var endpoint: String
    public var bucket: String
    public var region: String
    public var accessKey: String
    public var secretKey: String
    /// The endpoint that browsers and workers reach, where it is another; presigned URLs name it.
    public var publicEndpoint: String?
    /// Files larger than this go up in parts of this size; bytes, at least 5 MiB.
    public var partBytes: Int64 = 64 << 20

    public init(endpoint: String, bucket: String, region: String, accessKey: String, secretKey: String) {
        self.endpoint = endpoint
        self.bucket = bucket
        self.region = region
        self.accessKey = accessKey
        self.secretKey = secretKey
    }
}
