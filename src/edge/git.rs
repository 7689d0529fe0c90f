//! Runs the `git` executable with a scrubbed environment, limits and captured output.
