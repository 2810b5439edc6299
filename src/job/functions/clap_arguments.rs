//! The arguments of a job, from the command that clap derives.

use std::any::TypeId;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Args, Command};
use serde_json::Value;

use super::secret::Secret;
use crate::job::{ArgumentKind, ArgumentSchema, ArgumentSpec, NAMES, is_name};

/// Returns the arguments, and what is wrong with them.
pub(super) fn schema<A: Args>() -> (ArgumentSchema, Vec<String>) {
    let command = Command::new("job").disable_help_flag(true);
    let mut command = A::augment_args(command.disable_version_flag(true));
    command.build();
    let mut errors = Vec::new();
    let specs = command.get_arguments().map(|arg| {
        let spec = spec(arg);
        if !is_name(&spec.name) {
            let name = &spec.name;
            errors.push(format!(
                "`{name}` cannot be the name of an argument; {NAMES}"
            ));
        }
        spec
    });
    let specs = specs.collect();
    (ArgumentSchema { specs }, errors)
}

fn spec(arg: &Arg) -> ArgumentSpec {
    let kind = kind(arg);
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let possible = arg.get_possible_values();
    let is_choice = kind == ArgumentKind::String;
    let possible = possible
        .iter()
        .filter(|value| is_choice && !value.is_hide_set());
    ArgumentSpec {
        name: arg.get_id().as_str().to_owned(),
        kind,
        help: help.lines().next().unwrap_or_default().to_owned(),
        default: default(arg, kind),
        one_of: possible
            .map(|value| Value::from(value.get_name()))
            .collect(),
        secret: is_of::<Secret>(arg),
    }
}

fn is_of<T: 'static>(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<T>()
}

fn kind(arg: &Arg) -> ArgumentKind {
    if is_list(arg) {
        return ArgumentKind::Json;
    }
    let is_integer = [
        is_of::<i8>(arg),
        is_of::<i16>(arg),
        is_of::<i32>(arg),
        is_of::<i64>(arg),
        is_of::<isize>(arg),
        is_of::<u8>(arg),
        is_of::<u16>(arg),
        is_of::<u32>(arg),
        is_of::<u64>(arg),
        is_of::<usize>(arg),
    ];
    if is_integer.contains(&true) || matches!(arg.get_action(), ArgAction::Count) {
        ArgumentKind::Integer
    } else if is_of::<f32>(arg) || is_of::<f64>(arg) {
        ArgumentKind::Number
    } else if is_of::<bool>(arg) {
        ArgumentKind::Boolean
    } else if is_of::<PathBuf>(arg) {
        ArgumentKind::Path
    } else {
        ArgumentKind::String
    }
}

fn is_list(arg: &Arg) -> bool {
    let takes_many = arg
        .get_num_args()
        .is_some_and(|range| range.max_values() > 1);
    takes_many || matches!(arg.get_action(), ArgAction::Append)
}

/// Returns the value of an argument that is not given; `None`: the argument is required.
fn default(arg: &Arg, kind: ArgumentKind) -> Option<Value> {
    if arg.is_required_set() {
        return None;
    }
    let written = arg.get_default_values().iter();
    let written = written.map(|word| word.to_string_lossy().into_owned());
    if is_list(arg) {
        return Some(Value::from(written.collect::<Vec<String>>()));
    }
    let mut written = written;
    Some(match (written.next(), arg.get_action()) {
        (Some(word), _) => kind.parse(&word).unwrap_or(Value::Null),
        (None, ArgAction::SetTrue) => Value::from(false),
        (None, ArgAction::SetFalse) => Value::from(true),
        (None, ArgAction::Count) => Value::from(0),
        (None, _) => Value::Null,
    })
}
