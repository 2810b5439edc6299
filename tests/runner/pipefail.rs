//! `pipefail`: whether the first command of a pipeline can fail its task, and what is said while the task does not set it.

use crate::support::{Place, stderr, stdout};

const WARNING: &str = "a pipeline in `tasks::a` hides failures";

fn place(setting: &str) -> Place {
    Place::with(&format!(
        "[tasks.a]\nshell = \"no-such-dump shop 2>&1 | cat > dump\"\nsuccess_cooldown = \"1day\"\nfail_cooldown = \"1day\"\n{setting}\n"
    ))
}

#[test]
fn a_dump_that_is_not_there_is_a_failure_with_pipefail() {
    let place = place("pipefail = true");
    let checked = place.run(&["check", "tasks::a"]);
    assert!(!stderr(&checked).contains(WARNING), "{}", stderr(&checked));
    assert!(
        stdout(&checked).contains("-o pipefail -c"),
        "{}",
        stdout(&checked)
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for("Execution failed: exit 127");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn without_a_decision_it_is_a_success_with_a_warning_at_the_start_and_in_check() {
    let place = place("");
    let checked = stderr(&place.run(&["check", "tasks::a"]));
    assert!(
        checked.contains(WARNING) && checked.contains("`pipefail = true`"),
        "{checked}"
    );
    let runner = place.start(&["tasks::a"]);
    runner.wait_for(WARNING);
    runner.wait_for("Execution successful");
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn false_is_a_decision() {
    let place = place("pipefail = false");
    let checked = stderr(&place.run(&["check", "tasks::a"]));
    assert!(!checked.contains(WARNING), "{checked}");
    let once = place.run(&["once", "tasks::a"]);
    assert_eq!(once.status.code(), Some(0), "{}", stderr(&once));
}

#[test]
fn defaults_decide_for_all_and_a_task_for_itself() {
    let place = Place::with(
        "[defaults]\npipefail = true\n[tasks.a]\nshell = \"false | true\"\n\
         [tasks.b]\nshell = \"false | true\"\npipefail = false\n",
    );
    assert_eq!(place.run(&["once", "tasks::a"]).status.code(), Some(1));
    assert_eq!(place.run(&["once", "tasks::b"]).status.code(), Some(0));
}

#[test]
fn dash_e_means_as_much_as_without_pipefail() {
    let config = |setting: &str| {
        format!("[tasks.a]\nshell = \"x=$(false; echo hidden); echo $x\"\n{setting}\n")
    };
    for setting in ["", "pipefail = true"] {
        let place = Place::with(&config(setting));
        let once = place.run(&["once", "tasks::a"]);
        assert_eq!(once.status.code(), Some(1), "{setting}: {}", stderr(&once));
    }
}

#[test]
fn a_command_that_starts_a_shell_is_warned_of_as_well() {
    let place = Place::with("[tasks.a]\ncommand = [\"bash\", \"-c\", \"false | true\"]\n");
    let checked = stderr(&place.run(&["check", "tasks::a"]));
    assert!(
        checked.contains(WARNING) && checked.contains("`set -o pipefail;`"),
        "{checked}"
    );
}

#[test]
fn a_crontab_with_a_pipeline_is_imported_with_the_remedy() {
    let place = Place::empty();
    place.write(
        "crontab",
        "0 3 * * * pg_dump shop | gzip > shop.gz\n5 3 * * * grep 'a|b' f || true\n6 3 * * * a | b; c\n",
    );
    let imported = stdout(&place.run(&["import", "crontab", "--user", "crontab"]));
    let all: Vec<&str> = imported.split_whitespace().collect();
    let all = all.join(" ").replace(" # ", " ");
    assert_eq!(
        all.matches("A pipeline hides failures").count(),
        2,
        "{imported}"
    );
    assert!(
        all.contains("`pipefail = true` makes any of them count"),
        "{imported}"
    );
    assert!(
        all.contains("`set -o pipefail;` at its beginning"),
        "{imported}"
    );
}

#[test]
fn no_example_hides_a_failure() {
    let examples = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap();
    let files = examples.map(|entry| entry.unwrap().path());
    let files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    assert!(files.len() >= 4);
    let place = Place::empty();
    for file in files {
        let checked = stderr(&place.run(&["--config", file.to_str().unwrap(), "check"]));
        assert!(
            !checked.contains("hides failures"),
            "{}: {checked}",
            file.display()
        );
    }
}
