"""What the tester is told beside the document: how to write the content of a tus request."""

import schemathesis

# tus sends plain bytes under a media type of its own, which the tester has no serializer for.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
