/// Paths that need no credential.
package enum PublicPaths {
    package static let opamp = "/v1/opamp"
    package static let trustBundle = "/pki/trust-bundle.pem"
    package static let live = "/health/live"
    package static let ready = "/health/ready"
    package static let metrics = "/metrics"
    /// The OpenAPI document.
    package static let description = "/api/openapi.json"
}
