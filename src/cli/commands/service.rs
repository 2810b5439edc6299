//! `service print`: what systemd has to know of a chain, with the paths of this machine filled in.
//! Changes nothing.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{Uid, User};

use super::super::args::Common;
use super::super::args::service::{ServiceCommand, ServicePrintArgs};
use super::super::output::{command_line, print};
use super::control;
use crate::chain::ChainName;
use crate::config::{Inputs, Loaded};
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::plan::dry_run_plan::DryRunPlan;
use crate::service::secrets::secret_variables;
use crate::systemd::unit::{Directories, Manager, Unit};
use crate::systemd::{snippets, words};
use crate::text::quoting::quoted;
use crate::unix::self_exe;
use crate::unix::terminal::print_to_stderr;

/// The user that is made for chains where no other is named.
const USER: &str = "run_functions";

/// What is asked for, understood.
struct ServiceRequest<'a> {
    common: &'a Common,
    args: &'a ServicePrintArgs,
    inputs: &'a Inputs,
    loaded: &'a Loaded,
}

/// Does what is asked for.
pub(crate) fn obey(common: &Common, command: &ServiceCommand) -> CommandResult {
    let ServiceCommand::Print(args) = command;
    let (inputs, loaded) = super::super::load::load(common, None)?;
    show(common, args, &inputs, &loaded)
}

/// Prints the unit of a chain; or what makes its user, or its directories.
fn show(
    common: &Common,
    args: &ServicePrintArgs,
    inputs: &Inputs,
    loaded: &Loaded,
) -> CommandResult {
    let user = args.run_as.as_deref();
    if let Some(user) = user.filter(|user| !words::is_user(user)) {
        return Err(CommandError::usage(format_args!(
            "`{user}` is not the name of a user"
        )));
    }
    if args.sysusers {
        let text = snippets::sysusers(user.unwrap_or(USER), &loaded.settings)?;
        return print(&text);
    }
    if args.tmpfiles {
        let text = snippets::tmpfiles(user.unwrap_or(USER), loaded)?;
        return print(&text);
    }
    let request = ServiceRequest {
        common,
        args,
        inputs,
        loaded,
    };
    let (plan, names) = request.plan()?;
    request.tell_what_is_missing();
    let printed = print(&request.unit(&plan, &names)?.text());
    let mut warnings = plan.warnings();
    warnings.extend(plan.only_at_a_login());
    if !warnings.is_empty() {
        print_to_stderr(&warnings.render(super::super::load::colour(common)));
    }
    printed
}

impl<'a> ServiceRequest<'a> {
    /// Returns the chain, and its tasks as they are named on the command line. A chain that ran
    /// before may be named instead.
    fn plan(&self) -> Result<(DryRunPlan<'a>, Vec<String>), CommandError> {
        let chain = self
            .args
            .name
            .as_deref()
            .map(ChainName::typed)
            .transpose()?;
        let (names, chain) = match self.args.tasks.as_slice() {
            [name] if !name.contains("::") && !name.contains('.') => {
                let known = ChainName::typed(name)?;
                let tasks = control::tasks_of(&self.loaded.settings, &known)?;
                (tasks, Some(chain.unwrap_or(known)))
            }
            names => (names.to_vec(), chain),
        };
        super::super::typed::refuse_words(&names)?;
        let tasks = self.loaded.resolve(&names);
        let tasks = tasks.map_err(|report| super::super::load::refused(&report, self.common))?;
        let names = tasks
            .iter()
            .map(|task| task.name.as_str().to_owned())
            .collect();
        let plan = DryRunPlan::of_chain(self.loaded, tasks, chain, self.inputs);
        Ok((plan, names))
    }

    fn unit(&self, plan: &DryRunPlan<'_>, names: &[String]) -> Result<Unit, CommandError> {
        let chain = plan.chain.clone().unwrap_or_else(|| ChainName::of(&[]));
        let settings = &self.loaded.settings;
        let manager = if self.args.user {
            Manager::OfUser
        } else {
            Manager::OfSystem
        };
        let graces = plan.tasks.iter().map(|task| task.settings.child.kill_grace);
        let kill_grace = graces.fold(settings.kill_grace, Duration::max);
        Ok(Unit {
            manager,
            exec: self.exec(&chain, plan, names)?,
            directory: words::path(&self.inputs.cwd)?,
            user: self.user(manager)?,
            directories: Directories::of(settings, manager),
            stop: settings.stop_timeout + kill_grace,
            kill_grace,
            secrets: secret_variables(settings),
            printed_by: self.printed_by(),
            is_root: self.inputs.uid == 0,
            chain,
        })
    }

    /// Returns the words of the command that starts the runner; all paths in it are absolute.
    fn exec(
        &self,
        chain: &ChainName,
        plan: &DryRunPlan<'_>,
        names: &[String],
    ) -> Result<Vec<String>, CommandError> {
        let search = self.inputs.environment.get(OsStr::new("PATH"));
        let program = self_exe::path(search.map(OsString::as_os_str))
            .map_err(|error| CommandError::of(exit::FAILED, &error))?;
        let mut exec = vec![words::program_path(&program)?];
        let mut option = |name: &str, value: String| exec.extend([name.to_owned(), value]);
        if let Some(file) = &self.loaded.file {
            option("--config", words::path(file)?);
        }
        if let Some(root) = &self.common.run_root {
            option("--run-root", words::path(&self.inputs.cwd.join(root))?);
        }
        let tasks: Vec<_> = plan.tasks.iter().map(|task| task.name.clone()).collect();
        if *chain != ChainName::of(&tasks) {
            option("--name", chain.to_string());
        }
        exec.extend_from_slice(names);
        Ok(exec)
    }

    /// Returns the user for `User=`: the named user, else the user of this process unless that is
    /// root.
    fn user(&self, manager: Manager) -> Result<Option<String>, CommandError> {
        if manager == Manager::OfUser || self.args.run_as.is_some() {
            return Ok(self.args.run_as.clone());
        }
        let uid = Uid::from_raw(self.inputs.uid);
        if uid.is_root() {
            return Ok(None);
        }
        let user = User::from_uid(uid).ok().flatten();
        let user = user.ok_or_else(|| {
            CommandError::new(exit::FAILED, format_args!("user {uid} has no name"))
                .hint("name one with `--run-as USER`")
        })?;
        Ok(Some(user.name))
    }

    /// Returns the command line that brought this, for whoever reads the unit later.
    fn printed_by(&self) -> String {
        let mut line = command_line();
        let mut option = |name: &str, path: &Path| {
            let path: PathBuf = self.inputs.cwd.join(path);
            line.push_str(&format!(" {name} {}", quoted(&path.to_string_lossy())));
        };
        if let Some(config) = &self.common.config {
            option("--config", config);
        }
        if let Some(root) = &self.common.run_root {
            option("--run-root", root);
        }
        line.push_str(" service print");
        if self.args.user {
            line.push_str(" --user");
        }
        for (name, value) in [("--run-as", &self.args.run_as), ("--name", &self.args.name)] {
            if let Some(value) = value {
                line.push_str(&format!(" {name} {value}"));
            }
        }
        for task in &self.args.tasks {
            line.push_str(&format!(" {task}"));
        }
        line
    }

    /// What is set here only, a service does not have.
    fn tell_what_is_missing(&self) {
        let names = self
            .inputs
            .environment
            .keys()
            .filter_map(|name| name.to_str());
        let ours = names
            .filter(|name| name.starts_with("RUN_FUNCTIONS_") && *name != "RUN_FUNCTIONS_CONFIG");
        for name in ours {
            print_to_stderr(&format!(
                "note: {name} is set here, and will not be in the service: write it into the configuration, or add `Environment={name}=…`\n"
            ));
        }
    }
}
