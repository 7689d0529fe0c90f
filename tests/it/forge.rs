//! The forge clients against loopback servers: Gitea's and GitHub's habits, faults, and folders of issues.

mod rest;
