//! One HTTP client: timeouts, retries, rate, size limits, no redirects, credentials bound to one origin.
