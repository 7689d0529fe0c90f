//! Limits of turns, tokens, money and time, and the delays between retries.
