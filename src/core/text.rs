//! Text from strangers and text for forges: made safe for terminals, prompts, comments and commits.
