//! The file system that a check sees, as arguments of bubblewrap.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::toolchains::Toolchains;
use super::{Grounds, Network};
use crate::edge::repo::layout::linked_git_dirs;

/// Where the private HOME is seen.
pub(super) const HOME: &str = "/home/burn";

/// Files and folders of /etc that hold secrets of the machine. Root reads them, sandbox or not.
const SECRET_FILES: [&str; 6] =
    ["/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/machine-id", "/etc/krb5.keytab"];
const SECRET_FOLDERS: [&str; 4] = ["/etc/ssh", "/etc/ssl/private", "/etc/sudoers.d", "/etc/docker"];

/// Builds a list of arguments.
struct Arguments(Vec<OsString>);

impl Arguments {
    fn flag(&mut self, flag: &str) {
        self.0.push(flag.into());
    }

    fn one(&mut self, flag: &str, value: impl AsRef<Path>) {
        self.flag(flag);
        self.0.push(value.as_ref().into());
    }

    fn two(&mut self, flag: &str, from: impl AsRef<Path>, to: impl AsRef<Path>) {
        self.one(flag, from);
        self.0.push(to.as_ref().into());
    }

    /// Mounts read-only, at the same place; a folder that is gone is passed over.
    fn read(&mut self, path: &Path) {
        self.two("--ro-bind-try", path, path);
    }
}

/// Everything but the command. Later mounts lie on top of earlier ones.
pub(super) fn arguments(grounds: &Grounds, network: Network, toolchains: &Toolchains) -> Vec<OsString> {
    let mut arguments = Arguments(Vec::new());
    isolation(&mut arguments, network);
    system(&mut arguments, network);
    private(&mut arguments, grounds);
    tools(&mut arguments, grounds, toolchains);
    repository(&mut arguments, grounds);
    // The mount points are made; what is left of these folders is not to be written to.
    for folder in ["/home", "/root", "/var"].into_iter().map(Path::new).chain(project(grounds)) {
        arguments.one("--remount-ro", folder);
    }
    arguments.one("--chdir", &grounds.tree);
    arguments.0
}

fn isolation(arguments: &mut Arguments, network: Network) {
    for flag in ["--unshare-all", "--new-session", "--die-with-parent"] {
        arguments.flag(flag);
    }
    if network == Network::Open {
        arguments.flag("--share-net");
    }
    arguments.one("--cap-drop", "ALL");
    arguments.one("--hostname", "burn");
}

/// Mounted as they are, or links into such a folder.
const SYSTEM: [&str; 5] = ["/usr", "/etc", "/opt", "/nix", "/gnu"];
const OFTEN_LINKS: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

fn system(arguments: &mut Arguments, network: Network) {
    for folder in SYSTEM {
        arguments.read(Path::new(folder));
    }
    for folder in OFTEN_LINKS {
        match std::fs::read_link(folder) {
            Ok(target) => arguments.two("--symlink", target, folder),
            Err(_) => arguments.read(Path::new(folder)),
        }
    }
    for file in SECRET_FILES.into_iter().filter(|file| Path::new(file).exists()) {
        arguments.two("--ro-bind", "/dev/null", file);
    }
    for folder in SECRET_FOLDERS.into_iter().filter(|folder| Path::new(folder).is_dir()) {
        arguments.one("--tmpfs", folder);
    }
    arguments.one("--proc", "/proc");
    arguments.one("--dev", "/dev");
    for folder in ["/run", "/home", "/root", "/var"] {
        arguments.one("--tmpfs", folder);
    }
    if network == Network::Open {
        // What /etc/resolv.conf often points at.
        arguments.read(Path::new("/run/systemd/resolve"));
    }
}

/// The folder around the repository's `.git`: the user's project. It is seen empty. `None` where emptying it would take
/// away what a check needs.
fn project(grounds: &Grounds) -> Option<&Path> {
    let needed = ["/tmp", "/var/tmp", HOME, "/dev/shm", "/proc", "/run", "/usr", "/etc", "/opt"];
    let project = grounds.common_dir.parent()?;
    (!needed.iter().any(|needed| Path::new(needed).starts_with(project))).then_some(project)
}

fn private(arguments: &mut Arguments, grounds: &Grounds) {
    arguments.two("--bind", &grounds.tmp, "/tmp");
    arguments.two("--bind", &grounds.tmp, "/var/tmp");
    arguments.two("--bind", &grounds.home, HOME);
    if let Some(project) = project(grounds) {
        arguments.one("--tmpfs", project);
    }
}

fn tools(arguments: &mut Arguments, grounds: &Grounds, toolchains: &Toolchains) {
    for folder in &toolchains.read {
        // A toolchain in the user's project, or around the worktree, would show more than a toolchain.
        let too_much = grounds.tree.starts_with(folder) || grounds.common_dir.starts_with(folder);
        if !too_much && !SYSTEM.iter().chain(&OFTEN_LINKS).any(|system| folder.starts_with(system)) {
            arguments.read(folder);
        }
    }
    for (from, part) in &toolchains.caches {
        arguments.two("--ro-bind-try", from, Path::new(HOME).join(part));
    }
    let Some(cargo) = &toolchains.cargo_home else { return };
    arguments.read(&cargo.join("bin"));
    let inside = Path::new(HOME).join(".cargo");
    // Not `credentials.toml`.
    for part in ["bin", "registry", "git", "config.toml", "config"] {
        let (from, to) = (cargo.join(part), inside.join(part));
        arguments.two("--ro-bind-try", from, to);
    }
}

fn repository(arguments: &mut Arguments, grounds: &Grounds) {
    let common = &grounds.common_dir;
    arguments.two("--ro-bind", common, common);
    // Submodules are in the worktree as files; the configuration of their repositories may hold tokens.
    for modules in modules(common) {
        arguments.one("--tmpfs", modules);
    }
    for objects in alternates(&common.join("objects"), 5) {
        arguments.read(&objects);
    }
    arguments.two("--ro-bind", &grounds.git_config, common.join("config"));
    // Journals, recorded conversations, the list of trusted files.
    if common.join("burn").is_dir() {
        arguments.one("--tmpfs", common.join("burn"));
    }
    arguments.two("--bind", &grounds.tree, &grounds.tree);
    let link = grounds.tree.join(".git");
    arguments.two("--ro-bind", &link, &link);
    for (from, to) in lent(grounds) {
        arguments.two("--ro-bind", from, to);
    }
}

/// Installed dependencies of the user's checkout, which no commit holds: without them few JavaScript projects have
/// checks that run. They are read-only, and only where the commit and earlier checks have nothing of that name.
const LENT: [&str; 3] = ["node_modules", ".venv", "venv"];

fn lent(grounds: &Grounds) -> Vec<(PathBuf, PathBuf)> {
    let Some(work_tree) = &grounds.work_tree else { return Vec::new() };
    let is_empty = |folder: &Path| match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    let pairs = LENT.iter().map(|name| (work_tree.join(name), grounds.tree.join(name)));
    let is_folder = |path: &Path| std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    pairs.filter(|(from, to)| is_folder(from) && is_empty(to)).collect()
}

/// The folders of submodules' repositories: the clone's, and those of its linked worktrees.
fn modules(common: &Path) -> impl Iterator<Item = PathBuf> {
    let git_dirs = linked_git_dirs(common).into_iter().chain([common.to_owned()]);
    git_dirs.map(|dir| dir.join("modules")).filter(|modules| modules.is_dir())
}

/// Object folders that the repository borrows from, and those that they borrow from in turn, as deep as git goes.
fn alternates(objects: &Path, depth: u8) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let near: Vec<PathBuf> = lines.map(|line| objects.join(line)).collect();
    let deeper = |folder: &PathBuf| if depth > 1 { alternates(folder, depth - 1) } else { Vec::new() };
    let far: Vec<PathBuf> = near.iter().flat_map(deeper).collect();
    near.into_iter().chain(far).collect()
}
