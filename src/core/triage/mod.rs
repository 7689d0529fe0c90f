//! Scores, kinds, tiers and readiness of issues.
