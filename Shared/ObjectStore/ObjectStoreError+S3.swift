extension ObjectStoreError.Code {
    /// What an answer of S3 means: by the error's name where one status has several meanings, else by the status (Amazon
    /// S3 API reference, "Error responses").
    /// - Parameter name: `Code` of the answer's document; anything else where it has none.
    init(s3 status: Int, _ name: String) {
        self =
            switch (status, name) {
            case (_, "QuotaExceeded"), (507, _): .noSpace
            // S3 says 400 of a connection that was too slow, and 409 of a change that is under way.
            case (_, "RequestTimeout"), (_, "OperationAborted"), (_, "ConditionalRequestConflict"): .unavailable
            case (_, "NoSuchBucket"), (_, "AuthorizationHeaderMalformed"), (301, _): .misconfigured
            case (_, "ExpiredToken"), (_, "InvalidToken"), (401, _), (403, _): .denied
            case (_, "KeyTooLongError"), (_, "InvalidURI"): .invalidKey
            case (404, _): .notFound
            case (409, _), (412, _): .conflict
            case (408, _), (425, _), (429, _): .unavailable
            case (400..<500, _), (501, _): .refused
            default: .unavailable
            }
    }
}
