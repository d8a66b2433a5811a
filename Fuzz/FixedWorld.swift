import AgentCore
import Certificates
import HandoverToken
import TestValues
import Vocabulary

/// One server, one agent of it and one time, the same in every run, so that a seed signed once holds for ever. The keys
/// protect nothing.
enum FixedWorld {
    static let now = Timestamp(seconds: 1_800_000_000)
    static let server = PeerID(repeating: 0xA1)

    static let authority = sure {
        try Issuer(certificate: Certificate(pem: authorityPEM), key: PrivateKey(pem: Secret(authorityKeyPEM)))
    }
    static let signers = sure { try TokenSigners([authority.certificate]) }
    static let leaf = sure { try LeafChain(pem: leafPEM) }
    static let leafKey = sure { try PrivateKey(pem: Secret(leafKeyPEM)) }

    private static func sure<Value>(_ make: () throws -> Value) -> Value {
        do { return try make() } catch { fatalError("\(error)") }
    }

    static let authorityPEM = """
        -----BEGIN CERTIFICATE-----
        MIIBezCCASGgAwIBAgIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdmdXp6IENB
        MCAXDTI2MTEyODE0MjgzOVoYDzIwOTUwNTEwMTQyODM5WjASMRAwDgYDVQQDDAdm
        dXp6IENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3K97otWbjzYxrobbk3kt
        fhxtHb2TF+ze4rY9/41yy6cjdP9L1f/u91W+MmoV63HoGxbP2+JAyz7mEpgBHXdx
        AKNmMGQwHQYDVR0OBBYEFM+povwHqY5nqMQbrXgUQIR+0brMMB8GA1UdIwQYMBaA
        FM+povwHqY5nqMQbrXgUQIR+0brMMBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYDVR0P
        AQH/BAQDAgGGMAoGCCqGSM49BAMCA0gAMEUCIQC//evKqQtJCJPah5azgxSidJ0t
        sloZZAHJR+n+qCNF3QIgFB7opbH9WAoX7rd4a7oyWAnEKtcmVIYpQ9p8d9hr7O0=
        -----END CERTIFICATE-----

        """

    private static let authorityKeyPEM = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgK/NKgJHZVuVqoNpC
        cM10piyZLrp8RuZqbPdl+TCCIJqhRANCAATcr3ui1ZuPNjGuhtuTeS1+HG0dvZMX
        7N7itj3/jXLLpyN0/0vV/+73Vb4yahXrcegbFs/b4kDLPuYSmAEdd3EA
        -----END PRIVATE KEY-----

        """

    static let leafPEM = """
        -----BEGIN CERTIFICATE-----
        MIIB1DCCAXqgAwIBAgIBAjAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdmdXp6IENB
        MCAXDTI2MTEyODE0MjgzOVoYDzIwOTUwNDMwMTQyODM5WjAQMQ4wDAYDVQQDDAVh
        Z2VudDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJIk217HDzojrbcLwFRhc/YA
        F60zTVUfHsWJQIbxPTRLVnESSInw58Nb8yJbr5b3LM7xyFU4oz8Q88N9NZzKKOCj
        gcAwgb0wDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYI
        KwYBBQUHAwIwSAYDVR0RBEEwP4Y9dXJuOm9wYW1wLWhhbmRvdmVyOmFnZW50OjAx
        YTIyMTg4LTk0NDUtNzEwYi05YTgwLTNiZDY3NDFlM2M4YzAdBgNVHQ4EFgQUucpC
        KafVWOPjCoHtVpbLtQoepLswHwYDVR0jBBgwFoAUz6mi/AepjmeoxButeBRAhH7R
        uswwCgYIKoZIzj0EAwIDSAAwRQIhAIoBGwvC9JXZ7niUzJjynHSacLfIwHlpJh2Z
        l4N6cRV/AiAkwQ37PVXUI0cqRJPh9Oi5RkBmK5h+4zSJTI9UmwXhNw==
        -----END CERTIFICATE-----

        """

    private static let leafKeyPEM = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsjNmIPFwneaM4kl1
        d+QJO7XRsuwrAkqEPqZH4NN03oKhRANCAASSJNtexw86I623C8BUYXP2ABetM01V
        Hx7FiUCG8T00S1ZxEkiJ8OfDW/MiW6+W9yzO8chVOKM/EPPDfTWcyijg
        -----END PRIVATE KEY-----

        """
}
