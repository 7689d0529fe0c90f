//! Issue trackers: Gitea (and Forgejo), GitHub, and a folder of files.
