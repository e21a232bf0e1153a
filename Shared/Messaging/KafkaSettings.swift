public import Configuration

/// How to reach Kafka.
public struct KafkaSettings: Configurable {
    /// `host:port`, separated by commas.
    public var bootstrapServers: String
    /// `plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`.
    public var securityProtocol: String
    /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    public var saslMechanism: String
    /// The SASL user; empty without SASL.
    public var username: String
    /// The SASL password; never logged.
    public var password: String
    /// A PEM file with the authorities to trust; the system's where empty.
    public var caFile: String
    /// A PEM file with this client's certificate; none where empty.
    public var certificateFile: String
    /// A PEM file with its key.
    public var keyFile: String
    /// Partitions of topics that are made here.
    public var partitions: Int
    /// Copies of topics that are made here; -1 leaves it to the broker.
    public var replication: Int
    /// How long a consumer may not ask for records before its partitions go to others. Handlers are not meant: asking
    /// goes on while they work.
    public var maxPollInterval = Duration.seconds(300)

    /// How long a broker may keep a question for records open that it has none for. A real one answers at once when some
    /// come; the embedded one only when this time is over.
    public var fetchWait: Duration

    /// Settings without security, for a broker on this machine, the embedded one too.
    public init(bootstrapServers: String, partitions: Int = 6, replication: Int = -1) {
        self.bootstrapServers = bootstrapServers
        securityProtocol = "plaintext"
        saslMechanism = "PLAIN"
        username = ""
        password = ""
        caFile = ""
        certificateFile = ""
        keyFile = ""
        self.partitions = partitions
        self.replication = replication
        fetchWait = .milliseconds(30)
    }

    /// Settings from the environment.
    public init(_ read: inout ConfigurationReader) {
        bootstrapServers = read.string(
            "KAFKA_BOOTSTRAP_SERVERS", default: "127.0.0.1:9092", "Brokers to begin with, host:port, by commas.")
        securityProtocol = read.string(
            "KAFKA_SECURITY_PROTOCOL", default: "plaintext",
            choices: ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"], "How to speak with the brokers.")
        saslMechanism = read.string(
            "KAFKA_SASL_MECHANISM", default: "PLAIN", choices: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
            "How to prove who we are, with sasl_plaintext and sasl_ssl.")
        username = read.string("KAFKA_SASL_USERNAME", default: "", "The SASL user.")
        password = read.secret("KAFKA_SASL_PASSWORD", isRequired: false, "The SASL password.")
        caFile = read.string("KAFKA_CA_FILE", default: "", "PEM file of authorities to trust; the system's if empty.")
        certificateFile = read.string("KAFKA_CERTIFICATE_FILE", default: "", "PEM file of this client's certificate.")
        keyFile = read.string("KAFKA_KEY_FILE", default: "", "PEM file of the key of that certificate.")
        partitions = read.int("KAFKA_PARTITIONS", default: 6, in: 1...1000, "Partitions of topics that are made.")
        replication = read.int(
            "KAFKA_REPLICATION", default: -1, in: -1...10, "Copies of topics that are made; -1: the broker's default.")
        maxPollInterval = read.milliseconds(
            "KAFKA_MAX_POLL_INTERVAL_MS", default: 300_000, in: 10_000...86_400_000,
            "How long a consumer may not ask for records before its partitions go to others; handlers do not count.")
        fetchWait = read.milliseconds(
            "KAFKA_FETCH_WAIT_MS", default: 500, in: 5...10_000,
            "How long a broker may keep a question open that it has no records for; the embedded one always does.")
    }

    /// The settings as librdkafka names them.
    var properties: [(String, String)] {
        var properties = [("bootstrap.servers", bootstrapServers), ("security.protocol", securityProtocol)]
        if securityProtocol.hasPrefix("sasl") {
            properties += [
                ("sasl.mechanisms", saslMechanism), ("sasl.username", username), ("sasl.password", password),
            ]
        }
        if !caFile.isEmpty { properties.append(("ssl.ca.location", caFile)) }
        if !certificateFile.isEmpty { properties.append(("ssl.certificate.location", certificateFile)) }
        if !keyFile.isEmpty { properties.append(("ssl.key.location", keyFile)) }
        return properties
    }
}
