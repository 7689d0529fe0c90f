//! The forge clients against loopback servers: Gitea's and GitHub's habits, faults, and folders of issues.

mod contract;
mod detect;
mod faults;
mod files;
mod hostile;
mod http;
mod rest;
