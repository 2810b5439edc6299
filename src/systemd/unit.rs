//! The unit of a chain, as text. Each line that is not evident says why it is there.

use std::path::Path;
use std::time::Duration;

use super::words;
use crate::chain::ChainName;
use crate::core::settings::Settings;

/// How much later than promised a runner may end: processes that do not die, the last mails.
const MARGIN: Duration = Duration::from_secs(20);
/// The least time without a word after which a runner counts as hung, however short its promises
/// are.
const LEAST_WATCHDOG: Duration = Duration::from_secs(60);

/// Which systemd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// The systemd of the machine.
    OfSystem,
    /// The systemd of a user (`systemctl --user`).
    OfUser,
}

/// Directories that systemd makes for the service, by their names below /var/lib and /run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directories {
    state: Vec<String>,
    runtime: Vec<String>,
}

impl Directories {
    /// Finds those of a chain. A user's own systemd means other places by the same settings.
    pub(crate) fn of(settings: &Settings, manager: Manager) -> Self {
        let mut directories = Directories::default();
        if manager == Manager::OfUser {
            return directories;
        }
        for path in [&settings.run_root, &settings.state_dir] {
            let found = [
                (below("/var/lib", path), &mut directories.state),
                (below("/run", path), &mut directories.runtime),
            ];
            for (name, names) in found {
                names.extend(name.filter(|name| !names.contains(name)));
            }
        }
        directories
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if !self.state.is_empty() {
            let names = self.state.join(" ");
            text.push_str(&format!(
                "# Made below /var/lib, for this user alone.\nStateDirectory={names}\nStateDirectoryMode=0700\n"
            ));
        }
        if !self.runtime.is_empty() {
            let names = self.runtime.join(" ");
            text.push_str(&format!(
                "# Made below /run, for this user alone, and left there: other chains may have their locks in it.\n\
                 RuntimeDirectory={names}\nRuntimeDirectoryMode=0700\nRuntimeDirectoryPreserve=yes\n"
            ));
        }
        text
    }
}

/// Returns the part of a path below a directory, if it can be written without quotation.
fn below(directory: &str, path: &Path) -> Option<String> {
    let rest = path.strip_prefix(directory).ok()?.to_str()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    (!rest.is_empty() && rest.chars().all(plain)).then(|| rest.to_owned())
}

/// All that differs from service to service.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) manager: Manager,
    pub(crate) chain: ChainName,
    /// Program and arguments.
    pub(crate) exec: Vec<String>,
    /// The working directory.
    pub(crate) directory: String,
    /// The user of the service, if that is not root or the user of the systemd.
    pub(crate) user: Option<String>,
    pub(crate) directories: Directories,
    /// How long a stop takes at most.
    pub(crate) stop: Duration,
    /// The longest time between TERM and KILL of a task.
    pub(crate) kill_grace: Duration,
    /// Variables that hold passwords.
    pub(crate) secrets: Vec<String>,
    /// The command line that printed it.
    pub(crate) printed_by: String,
    /// Whether who typed that needs no `sudo`.
    pub(crate) is_root: bool,
}

impl Unit {
    /// Returns the whole file.
    pub(crate) fn text(&self) -> String {
        let mut text = self.head();
        text.push_str(&self.unit());
        text.push_str(&self.service());
        text.push_str(&self.directories.text());
        text.push_str(&self.confinement());
        let target = match self.manager {
            Manager::OfSystem => "multi-user.target",
            Manager::OfUser => "default.target",
        };
        text.push_str(&format!("\n[Install]\nWantedBy={target}\n"));
        text
    }

    /// How it is installed, upgraded and looked at.
    fn head(&self) -> String {
        let chain = &self.chain;
        let name = format!("run_functions-{chain}");
        let (sudo, into) = match self.is_root {
            true => ("", "> "),
            false => ("sudo ", "| sudo tee "),
        };
        let by = &self.printed_by;
        match self.manager {
            Manager::OfSystem => format!(
                "# To install it:\n\
                 #     {by} {into}/etc/systemd/system/{name}.service\n\
                 #     {sudo}systemctl daemon-reload && {sudo}systemctl enable --now {name}\n\
                 # To upgrade it: install the program, then `{sudo}systemctl restart {name}`. Its log: `journalctl -u {name}`.\n"
            ),
            Manager::OfUser => format!(
                "# To install it; the last line keeps it running when you are logged out:\n\
                 #     mkdir -p ~/.config/systemd/user\n\
                 #     {by} > ~/.config/systemd/user/{name}.service\n\
                 #     systemctl --user daemon-reload && systemctl --user enable --now {name}\n\
                 #     loginctl enable-linger\n\
                 # To upgrade it: install the program, then `systemctl --user restart {name}`. Its log: `journalctl --user -u {name}`.\n"
            ),
        }
    }

    fn unit(&self) -> String {
        let network = match self.manager {
            Manager::OfSystem => "Wants=network-online.target\nAfter=network-online.target\n",
            // It does not exist there.
            Manager::OfUser => "",
        };
        format!(
            "\n[Unit]\nDescription=Chain of tasks {}\nDocumentation=https://docs.rs/run_functions\n{network}",
            self.chain
        )
    }

    fn service(&self) -> String {
        let exec = self.exec_line();
        let directory = words::literal(&self.directory);
        let (user, secrets) = (self.user_lines(), self.secret_lines());
        let most = seconds(self.stop + MARGIN);
        // The runner speaks at each half of it, but not while a task that is late has its
        // `kill_grace`.
        let watchdog = seconds(LEAST_WATCHDOG.max((self.kill_grace + MARGIN) * 2));
        format!(
            "\n[Service]\nType=notify\nNotifyAccess=main\n{user}\
             # What a relative path in a task starts from.\n\
             WorkingDirectory={directory}\n{secrets}\
             ExecStart={exec}\n\
             # TERM goes to the runner, which ends its task in order; what is left at the end is killed.\n\
             KillMode=mixed\n\
             # A replaced runner exits with 0: then the newcomer runs the chain, and nothing is to be restarted.\n\
             Restart=on-failure\n\
             RestartSec=5s\n\
             # What a restart cannot mend: another chain of this name, unsafe directories, no permission, a wrong configuration; a wrong\n\
             # command line; and 70, by which a task asks to be stopped. It may mend 71 (descriptors, threads or room had run short) and 75\n\
             # (something of a former runner does not end).\n\
             RestartPreventExitStatus=65 73 77 78 2 70\n\
             # stop_timeout + kill_grace, and a little; as long may the start wait for a runner that it replaces.\n\
             TimeoutStopSec={most}\n\
             TimeoutStartSec={most}\n\
             # The runner is silent only while its task is past its timeout, or when it hangs itself.\n\
             WatchdogSec={watchdog}\n\
             # Each run gets a cgroup of its own, so that all its processes can be ended.\n\
             Delegate=yes\n\
             # A task that needs too much memory is a failure of that task, not of the runner.\n\
             OOMPolicy=continue\n"
        )
    }

    fn exec_line(&self) -> String {
        let (program, arguments) = self
            .exec
            .split_first()
            .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let arguments = arguments.iter().map(|argument| words::argument(argument));
        let all: Vec<String> = std::iter::once(words::program(program))
            .chain(arguments)
            .collect();
        all.join(" ")
    }

    fn user_lines(&self) -> String {
        match (&self.user, self.manager) {
            (Some(user), _) => format!("User={user}\n"),
            (None, Manager::OfUser) => String::new(),
            (None, Manager::OfSystem) => "# As root, so that tasks can have a `user` of their own. `--run-as USER` prints it for somebody else.\n".to_owned(),
        }
    }

    fn secret_lines(&self) -> String {
        let line = |name: &String| {
            let chain = &self.chain;
            format!(
                "# `{name}=…` in this file, which is root's and mode 0600; without it no mail leaves.\n\
                 EnvironmentFile=/etc/run_functions/{chain}.env\n"
            )
        };
        self.secrets.iter().map(line).collect()
    }

    /// What is taken from all processes of the chain, and what could be.
    fn confinement(&self) -> String {
        let mut text = String::new();
        if self.manager == Manager::OfSystem {
            text.push_str(TAKEN);
        }
        text.push_str(COULD_BE_TAKEN);
        text
    }
}

/// What no task that is run again and again should want.
const TAKEN: &str = "\
# No process of it loads kernel modules, reboots without asking systemd, or changes mandatory access control.
CapabilityBoundingSet=~CAP_SYS_MODULE CAP_SYS_BOOT CAP_MAC_ADMIN CAP_MAC_OVERRIDE
";

/// What some commands would not survive. (Most of systemd's other restrictions imply
/// `NoNewPrivileges=yes`.)
const COULD_BE_TAKEN: &str = "\
# Stricter, where your tasks allow it. Above each line is what it would break.
# sudo, su, ping, and the sendmail of most mail systems:
#NoNewPrivileges=yes
# What writes to /usr, /boot or /etc, such as certbot and package managers:
#ProtectSystem=full
# What writes below /home, /root or /run/user:
#ProtectHome=read-only
# What shares files or sockets in /tmp with others:
#PrivateTmp=yes
# sysctl, and all that NoNewPrivileges breaks:
#ProtectKernelTunables=yes
# What unpacks set-user-ID files, and all that NoNewPrivileges breaks:
#RestrictSUIDSGID=yes
# What others are to read of the files that tasks write:
#UMask=0077
";

/// Returns a time in whole seconds, rather too long than too short.
fn seconds(time: Duration) -> String {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    format!("{whole}s")
}
