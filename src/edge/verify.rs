//! Runs the checks of a commit in a throw-away worktree and ends everything they started.
