import Primitives

/// A message of a chat.
struct ChatMessage: Codable, Sendable, Hashable {
    var role: String
    var content: String
}

/// The body of `POST /chat/completions`.
struct ChatRequest: Encodable, Sendable {
    var model: String
    var messages: [ChatMessage]
    var responseFormat: JSONValue

    private enum CodingKeys: String, CodingKey {
        case model, messages
        case responseFormat = "response_format"
    }
}

/// The answer to it, as far as it is read.
struct ChatAnswer: Decodable, Sendable {
    struct Choice: Decodable, Sendable {
        struct Message: Decodable, Sendable {
            var content: String?
            var refusal: String?
        }
        var message: Message
        var finishReason: String?

        private enum CodingKeys: String, CodingKey {
            case message
            case finishReason = "finish_reason"
        }
    }

    struct Usage: Decodable, Sendable {
        var promptTokens: Int?
        var completionTokens: Int?

        private enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }
    }

    var choices: [Choice]
    var usage: Usage?
}

/// An error as OpenAI-compatible servers say it.
struct ChatFault: Decodable, Sendable {
    struct Details: Decodable, Sendable {
        var message: String?
        var type: String?
        var code: String?

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            message = try? values.decodeIfPresent(String.self, forKey: .message)
            type = try? values.decodeIfPresent(String.self, forKey: .type)
            // Some servers give a number.
            code = (try? values.decodeIfPresent(String.self, forKey: .code))
        }

        private enum CodingKeys: String, CodingKey { case message, type, code }
    }
    var error: Details
}
