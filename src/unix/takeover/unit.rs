//! The systemd unit of this process, if it is the main process of one.

use std::env;

use super::super::procfs;
use crate::state::runner_info::RunnerUnit;

/// Returns the unit that started this process. What a person starts in a terminal is no unit's,
/// though the terminal may be.
pub(super) fn of_this_process() -> Option<RunnerUnit> {
    env::var_os("INVOCATION_ID")?;
    let own = std::process::id();
    // Since systemd 248 the main process is named; before, it is the manager that is its parent.
    let is_main = match env::var("SYSTEMD_EXEC_PID") {
        Ok(pid) => pid == own.to_string(),
        Err(_) => nix::unistd::getppid().as_raw() == 1,
    };
    let cgroups = procfs::cgroups_of(own.cast_signed());
    is_main.then(|| in_cgroups(&cgroups)).flatten()
}

/// Returns the innermost unit in lines such as `0::/system.slice/shop.service` (cgroups(7)).
fn in_cgroups(cgroups: &str) -> Option<RunnerUnit> {
    cgroups.lines().find_map(|line| {
        let path = line.splitn(3, ':').nth(2)?;
        let mut outwards = path.rsplit('/');
        let name = outwards.find(|part| part.ends_with(".service") || part.ends_with(".scope"))?;
        let of_user = outwards.any(|part| part.starts_with("user@"));
        name.ends_with(".service").then(|| RunnerUnit {
            name: name.to_owned(),
            of_user,
        })
    })
}

/// Returns whether this process is the main one of a unit.
pub(crate) fn is_of_unit(unit: &RunnerUnit) -> bool {
    of_this_process().as_ref() == Some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_unit_counts_and_a_session_is_none() {
        let unit = |cgroups: &str| in_cgroups(cgroups).map(|unit| unit.systemctl("restart"));
        let system = "0::/system.slice/run_functions@shop.service\n";
        let restart = "systemctl restart run_functions@shop.service";
        assert_eq!(unit(system).as_deref(), Some(restart));
        let hybrid = "12:cpu:/\n1:name=systemd:/system.slice/shop.service/run-1-a\n0::/\n";
        assert_eq!(
            unit(hybrid).as_deref(),
            Some("systemctl restart shop.service")
        );
        let user = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service\n";
        assert_eq!(
            unit(user).as_deref(),
            Some("systemctl --user restart shop.service")
        );
        assert_eq!(unit("0::/user.slice/user-0.slice/session-3.scope\n"), None);
        assert_eq!(
            unit("0::/user.slice/user@1.service/app.slice/vte-spawn-1.scope\n"),
            None
        );
        assert_eq!(unit("0::/\n"), None);
    }
}
