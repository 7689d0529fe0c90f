//! Confines what checks run: bubblewrap where it is installed.
