//! `serve token`: what lets users and workers in.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::args::serve::{RoleArg, TokenCommand};
use crate::cli::commands::mute::user_name;
use crate::cli::output::{plain, print, print_folded};
use crate::config::invocation::Call;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::core::settings::Settings;
use crate::core::time::{of_unix_millis, unix_millis};
use crate::server::store::{NewToken, ServerStore, StoreError, TokenRecord};
use crate::server::{AuditEntry, AuditTrail, Projects, Role};
use crate::text::suggest::suggestions;
use crate::unix::clock::{self, short};

/// Carries out what is asked of tokens.
pub(super) fn obey(settings: &Settings, command: &TokenCommand) -> CommandResult {
    let store = ServerStore::open(&settings.state_dir).map_err(unusable)?;
    match command {
        TokenCommand::Add {
            name,
            role,
            projects,
            expires,
        } => add(&store, name, role_of(*role), projects, *expires),
        TokenCommand::List { json } => list(&store, *json),
        TokenCommand::Revoke { name } => revoke(&store, name),
    }
}

fn add(
    store: &ServerStore,
    name: &str,
    role: Role,
    projects: &[String],
    expires: Option<Duration>,
) -> CommandResult {
    refuse_unfit_name(name)?;
    let now = clock::wall();
    let expires = expires.and_then(|span| now.checked_add(span));
    let token = NewToken {
        name: name.to_owned(),
        role,
        projects: match projects {
            [] => Projects::All,
            names => Projects::Only(names.to_vec()),
        },
        expires: expires.map(unix_millis),
        made_by: user_name(),
        is_registered: false,
    };
    let added = store.add_token(&token, unix_millis(now));
    let (_, secret) = added.map_err(unusable)?;
    record(
        store,
        "token added",
        name,
        &format!("Role {}.", role.word()),
    )?;
    print(&format!("{}\n", secret.reveal()))
}

fn revoke(store: &ServerStore, name: &str) -> CommandResult {
    let now = unix_millis(clock::wall());
    if store.revoke_token(name, now).map_err(unusable)? {
        record(store, "token revoked", name, "Its logins are over.")?;
        return print(&format!("{name} is revoked\n"));
    }
    let all = store.tokens().map_err(unusable)?;
    let names = all.iter().map(|token| token.name.as_str());
    let refusal = CommandError::usage(format_args!("no token is called `{name}`"));
    Err(match suggestions(name, names).first() {
        Some(meant) => refusal.hint(format!("did you mean `{meant}`?")),
        None => {
            let list = Call::as_typed().line("serve token list");
            refusal.hint(format!("`{list}` lists them"))
        }
    })
}

fn list(store: &ServerStore, as_data: bool) -> CommandResult {
    let now = unix_millis(clock::wall());
    let all = store.tokens().map_err(unusable)?;
    let held: Vec<&TokenRecord> = all.iter().filter(|token| !token.is_over(now)).collect();
    if as_data {
        let data: Vec<Value> = held.iter().map(|token| as_json(token)).collect();
        return print(&format!("{:#}\n", Value::from(data)));
    }
    if held.is_empty() {
        return print("There is no token.\n");
    }
    let width = held.iter().map(|token| token.name.chars().count()).max();
    let width = width.unwrap_or(0);
    let lines = held.iter().map(|token| line(token, width));
    print_folded(&lines.collect::<String>())
}

fn line(token: &TokenRecord, width: usize) -> String {
    let name = plain(&token.name);
    let projects = match &token.projects {
        Projects::All => "all projects".to_owned(),
        Projects::Only(names) => plain(&names.join(", ")),
    };
    let created = short(of_unix_millis(token.created));
    let end = match token.expires {
        Some(expires) => format!("until {}", short(of_unix_millis(expires))),
        None => "until revoked".to_owned(),
    };
    let role = token.role.word();
    let by = plain(&token.made_by);
    let used = token.last_used.map(|at| short(of_unix_millis(at)));
    let used = used.map(|at| format!(", used {at}")).unwrap_or_default();
    format!("{name:<width$}  {role:<8}  {projects}, {end}; created {created} by {by}{used}\n")
}

fn as_json(token: &TokenRecord) -> Value {
    let projects = match &token.projects {
        Projects::All => Value::Null,
        Projects::Only(names) => json!(names),
    };
    json!({
        "name": token.name,
        "role": token.role.word(),
        "projects": projects,
        "created": token.created,
        "expires": token.expires,
        "made_by": token.made_by,
        "last_used": token.last_used,
    })
}

fn role_of(role: RoleArg) -> Role {
    match role {
        RoleArg::Register => Role::Register,
        RoleArg::Worker => Role::Worker,
        RoleArg::View => Role::View,
        RoleArg::Post => Role::Post,
        RoleArg::Operate => Role::Operate,
        RoleArg::Admin => Role::Admin,
    }
}

fn record(store: &ServerStore, action: &str, name: &str, outcome: &str) -> CommandResult {
    let entry = AuditEntry {
        id: 0,
        at: 0,
        by: user_name(),
        action: action.to_owned(),
        object: format!("token {name}"),
        project: None,
        outcome: outcome.to_owned(),
        reason: None,
    };
    let recorded = store.record(entry);
    recorded.map_err(|error| CommandError::of(exit::UNSAFE_DIRECTORY, &error))
}

fn refuse_unfit_name(name: &str) -> CommandResult {
    let is_fit = |c: char| c.is_alphanumeric() || "-_.@:".contains(c);
    let is_long = name.chars().count() > 100;
    if !name.is_empty() && !is_long && name.chars().all(is_fit) {
        return Ok(());
    }
    Err(
        CommandError::usage(format_args!("{name:?} is no name of a token"))
            .hint("a name has letters, digits, `-`, `_`, `.`, `@` and `:`, 100 at most"),
    )
}

fn unusable(error: StoreError) -> CommandError {
    match error {
        StoreError::NameTaken(_) => CommandError::of(exit::FAILED, &error)
            .hint("`serve token revoke NAME` ends that one; or choose another name"),
        StoreError::Unusable { .. } => CommandError::of(exit::UNSAFE_DIRECTORY, &error),
    }
}
