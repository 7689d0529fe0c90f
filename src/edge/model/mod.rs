//! Language models: Anthropic Messages, OpenAI chat completions, any command, and recorded scripts.
