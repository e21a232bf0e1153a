import Configuration
import ObjectStore

/// The settings of storage.
struct StorageConfiguration: Configurable {
    enum Backend: Sendable {
        case files
        case s3(S3Configuration)
    }

    let backend: Backend
    let folder: String
    let largestUpload: Int64
    let uploadLifetime: Duration
    let quota: Int64
    let signingSecret: String
    let sweepInterval: Duration

    init(_ read: inout ConfigurationReader) {
        let kind = read.string(
            "OBJECT_STORE", default: "file", choices: ["file", "s3"], "Where objects live: a folder, or an S3 store.")
        folder = read.string(
            "OBJECT_FOLDER", default: ".run/objects",
            "Folder of objects and of uploads that are not whole yet; with s3 only of bytes on their way there.")
        largestUpload = Int64(
            read.int("UPLOAD_MAX_BYTES", default: 20 << 30, in: 1 << 10...1 << 42, "Largest file that is taken, bytes.")
        )
        uploadLifetime = read.milliseconds(
            "UPLOAD_TTL_MS", default: 86_400_000, in: 1_000...2_592_000_000,
            "How long an upload that nobody goes on with is kept.")
        quota = Int64(
            read.int("QUOTA_BYTES", default: 100 << 30, in: 1 << 10...1 << 50, "Bytes that a workspace may have."))
        signingSecret = read.secret(
            "URL_SIGNING_SECRET", minimumLength: 32, isRequired: false,
            "Signs links to content; SERVICE_SECRET where it is not set.")
        sweepInterval = read.milliseconds(
            "SWEEP_INTERVAL_MS", default: 60_000, in: 100...86_400_000, "How often abandoned uploads are looked for.")
        let endpoint = read.url("S3_ENDPOINT", isRequired: kind == "s3", "The S3 store.")
        var s3 = S3Configuration(
            endpoint: endpoint,
            bucket: read.string("S3_BUCKET", default: "atelier", "The bucket; it must exist."),
            region: read.string("S3_REGION", default: "us-east-1", "The region that requests are signed for."),
            accessKey: read.string("S3_ACCESS_KEY", default: "", "The access key."),
            secretKey: read.secret("S3_SECRET_KEY", isRequired: kind == "s3", "The secret key."))
        let publicEndpoint = read.url(
            "S3_PUBLIC_ENDPOINT", isRequired: false, "The S3 store as workers reach it, where that is another URL.")
        if !publicEndpoint.isEmpty { s3.publicEndpoint = publicEndpoint }
        backend = kind == "s3" ? .s3(s3) : .files
    }
}
