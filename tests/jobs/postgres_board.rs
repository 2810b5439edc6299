//! What only a board in PostgreSQL has: posts in SQL, roles, the way out of a file.

use std::collections::BTreeSet;

use run_functions::jobs::transaction::{TransactionPost, post_in};
use serde_json::json;

use crate::desk::{Desk, is_exact};
use crate::postgres_place::{Database, Way, psql};
use crate::support::{eventually, with_environment};

const JOBS: &str = r#"
[jobs.resize]
args.path = { type = "path", help = "the picture" }
args.width = { type = "integer", default = 800 }
args.size = { type = "string", default = "m", one_of = ["s", "m"] }
limit = 2
limit_by = "args.path"
priority = 1
expires = "1h"
then = ["report"]
steps = [{ name = "a", command = ["echo", "--", "{args.path}"] }]
[jobs.report]
steps = [{ name = "a", command = ["true"] }]
[jobs.each]
every_worker = true
steps = [{ name = "a", command = ["true"] }]
"#;

/// A desk with a worker on a database of its own.
fn with_desk(test: impl FnOnce(&Desk, &Database)) {
    let database = Database::new();
    with_environment(database.variables(Way::Direct), || {
        test(&Desk::with(JOBS), &database);
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_post_in_sql_is_the_same_as_that_of_the_command() {
    with_desk(|desk, database| {
        let unknown = psql(database, "plain", "SELECT run_functions.post('resize')");
        assert!(unknown.unwrap_err().contains("does not exist"), "no board");
        desk.says(&["work", "--once"]);
        let typed = desk.post(&["resize", "--path", "a"]);
        let sql = "SELECT run_functions.post('resize', '{\"path\": \"a\"}')";
        let sent = psql(database, "plain", sql).unwrap();
        let columns = "definition, args, key, priority, state, limit_key, project, has_next, \
             round((expires - posted) / 60000.0), batch, for_worker, ignores_pauses";
        let row = |id: &str| {
            database.sql(&format!(
                "SELECT {columns} FROM run_functions.job WHERE id = {id}"
            ))
        };
        assert_eq!(row(&sent), row(&typed.to_string()));
        let next = |id: &str| {
            let of = "SELECT next #- '{post,posted_by}' FROM run_functions.job_next WHERE job =";
            database.sql(&format!("{of} {id}"))
        };
        assert_eq!(next(&sent), next(&typed.to_string()));
        desk.says(&["work", "--once"]);
        let sent: u64 = sent.parse().unwrap();
        is_exact(&desk.wait_for(sent, "succeeded"));
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn what_is_wrong_with_a_post_in_sql_is_one_clear_error() {
    with_desk(|desk, database| {
        desk.says(&["work", "--once"]);
        let refusal = |call: &str| {
            let sql = format!("SELECT run_functions.post({call})");
            psql(database, "plain", &sql).unwrap_err()
        };
        let wrong = refusal(r#"'resize', '{"paht": "a", "width": 2.5, "size": "l"}'"#);
        for error in [
            "paht: unknown argument; known are path, width, size",
            "path: is missing (path: the picture)",
            "width: 2.5 is no integer",
            r#"size: "l" is not one of "s", "m""#,
        ] {
            assert!(wrong.contains(error), "{error}:\n{wrong}");
        }
        let typed = desk.refuses(&["post", "resize", "--path", "a", "--size", "l"], 2);
        assert!(
            typed.contains(r#"size: "l" is not one of "s", "m""#),
            "{typed}"
        );
        for (call, error) in [
            ("'resiz'", "no worker has entered a job `resiz`"),
            ("'resize', '[]'", "an object of arguments"),
            (
                r#"'resize', '{"path": "a", "width": 1e400}'"#,
                "is no integer",
            ),
            (
                r#"'resize', '{"path": "a"}', if_there => 'x'"#,
                "keep, replace or fail",
            ),
            (
                r#"'resize', '{"path": "a"}', priority => 3"#,
                "not between -2 and 2",
            ),
            ("'each'", "for each worker"),
        ] {
            let shown = refusal(call);
            assert!(shown.contains(error), "{error}:\n{shown}");
        }
        assert_eq!(database.sql("SELECT count(*) FROM run_functions.job"), "0");
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_post_in_sql_is_there_when_its_transaction_commits_and_wakes_a_worker() {
    with_desk(|desk, database| {
        let _worker = desk.worker(&[]);
        database.sql(
            "CREATE TABLE picture (path text);
             CREATE FUNCTION resize_picture() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 PERFORM run_functions.post('resize', jsonb_build_object('path', NEW.path),
                     key => NEW.path, if_there => 'keep');
                 RETURN NULL;
             END $$;
             CREATE TRIGGER resize AFTER INSERT ON picture FOR EACH ROW
             EXECUTE FUNCTION resize_picture();
             GRANT INSERT ON picture TO plain",
        );
        let insert = "INSERT INTO picture VALUES ('a.png')";
        psql(database, "plain", &format!("BEGIN; {insert}; ROLLBACK")).unwrap();
        assert_eq!(desk.says(&["jobs", "--json"]).trim(), "[]");
        psql(database, "plain", insert).unwrap();
        let done = || {
            let printed = desk.says(&["jobs", "resize", "--json"]);
            printed.contains("succeeded")
        };
        assert!(eventually(done), "{}", desk.says(&["jobs"]));
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_program_posts_within_its_own_transaction() {
    with_desk(|desk, database| {
        desk.says(&["work", "--once"]);
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        let address = database.address();
        let posted = runtime.block_on(async {
            let connected = tokio_postgres::connect(&address, tokio_postgres::NoTls);
            let (mut client, link) = connected.await.unwrap();
            let driver = tokio::spawn(link);
            let post = TransactionPost::of("resize", &json!({"path": "a"})).key("k");
            let transaction = client.transaction().await.unwrap();
            post_in(&transaction, &post).await.unwrap();
            transaction.rollback().await.unwrap();
            let transaction = client.transaction().await.unwrap();
            let id = post_in(&transaction, &post.clone().priority(2))
                .await
                .unwrap();
            assert_eq!(
                post_in(&transaction, &post.clone().keep()).await.unwrap(),
                id
            );
            transaction.commit().await.unwrap();
            let transaction = client.transaction().await.unwrap();
            let taken = post_in(&transaction, &post).await.unwrap_err();
            assert!(taken.is_key_taken(), "{taken}");
            drop(transaction);
            let wrong = TransactionPost::of("resize", &json!({"width": 1}));
            let wrong = post_in(&client, &wrong).await.unwrap_err();
            assert!(wrong.to_string().contains("path: is missing"), "{wrong}");
            drop(client);
            driver.abort();
            id
        });
        assert_eq!(desk.job(posted)["priority"], 2);
        assert_eq!(database.sql("SELECT count(*) FROM run_functions.job"), "1");
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_role_may_do_what_it_was_granted_and_is_told_what_it_lacks() {
    let database = Database::new();
    let role = format!("role_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    let owner = database.variables(Way::Direct);
    let desk = || Desk::with(JOBS);
    let as_owner = |args: &[&str]| {
        with_environment(owner.clone(), || {
            desk().says(args);
        });
    };
    as_owner(&["work", "--once"]);
    let other = vec![(
        "RUN_FUNCTIONS_BOARD_ADDRESS".to_owned(),
        database.address_of(&role),
    )];
    let post = ["post", "report"];
    let refused = |args: &[&str]| {
        let mut shown = String::new();
        with_environment(other.clone(), || shown = desk().refuses(args, 69));
        assert!(shown.contains("permission denied"), "{shown}");
        assert!(shown.contains("board grant ROLE KIND"), "{shown}");
    };
    let done = |args: &[&str]| {
        with_environment(other.clone(), || {
            desk().says(args);
        });
    };
    refused(&["jobs"]);
    as_owner(&["board", "grant", &role, "view"]);
    done(&["jobs"]);
    done(&["workers"]);
    refused(&post);
    as_owner(&["board", "grant", &role, "post"]);
    done(&post);
    psql(&database, &role, "SELECT run_functions.post('report')").unwrap();
    refused(&["work", "--once"]);
    refused(&["job", "1", "cancel"]);
    as_owner(&["board", "grant", &role, "worker"]);
    done(&["work", "--once"]);
    refused(&["board", "query", "SELECT id FROM job"]);
    as_owner(&["board", "grant", &role, "admin"]);
    done(&["jobs", "pause", "report"]);
    done(&["board", "query", "SELECT id FROM job"]);
    done(&["board", "check"]);
    let none = psql(&database, "plain", "SELECT 1 FROM run_functions.job").unwrap();
    assert!(none.lines().count() >= 2, "{none}");
    with_environment(owner, || {
        let shown = desk().refuses(&["board", "grant", "nobody_there", "view"], 69);
        assert!(shown.contains("CREATE ROLE nobody_there"), "{shown}");
    });
    let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    database.sql(&drop);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_board_moves_out_of_its_file_with_its_numbers_and_goes_on() {
    let database = Database::new();
    let desk = Desk::with(JOBS);
    desk.place
        .write("jobs.jsonl", "{\"path\": \"x\"}\n{\"path\": \"y\"}\n");
    let done = desk.post(&["resize", "--path", "a"]);
    desk.says(&["work", "--once"]);
    desk.says(&["jobs", "pause", "resize"]);
    let waiting = desk.post(&["resize", "--path", "b", "--key", "k"]);
    desk.says(&["post", "resize", "--from", "jobs.jsonl"]);
    desk.says(&["jobs", "pause", "report"]);
    let mut worker = desk.worker(&["--name", "one", "--slots", "1"]);
    let address = database.address();
    let moving = |args: &[&str]| {
        let mut command = desk.command(args);
        command.env("RUN_FUNCTIONS_BOARD_ADDRESS", &address);
        command.output().unwrap()
    };
    let journal = desk.job(done)["journal"].clone();
    let refused = moving(&["board", "move"]);
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("workers are on it"), "{refused}");
    desk.says(&["workers", "quit", "one"]);
    worker.wait_for_status();
    let before: BTreeSet<String> = lines(&desk.says(&["jobs", "-n", "100"]));
    let moved = moving(&["board", "move"]);
    let shown = String::from_utf8(moved.stdout).unwrap();
    assert!(
        moved.status.success(),
        "{shown} {}",
        String::from_utf8_lossy(&moved.stderr)
    );
    assert!(shown.contains("the epoch is 2 now"), "{shown}");
    assert!(
        desk.place.path("run/board.sqlite.moved").exists(),
        "{shown}"
    );
    assert!(!desk.place.path("run/board.sqlite").exists());
    with_environment(database.variables(Way::Direct), || {
        let there = Desk::with(JOBS);
        let after = lines(&there.says(&["jobs", "-n", "100"]));
        assert_eq!(after, before);
        assert_eq!(there.job(done)["journal"], journal);
        assert!(there.says(&["board", "check"]).contains("whole"));
        there.says(&["jobs", "resume", "report"]);
        there.says(&["jobs", "resume", "resize"]);
        let newer = there.post(&["report"]);
        assert!(newer > waiting, "numbers go on");
        let _worker = there.worker(&[]);
        let job = there.wait_for(waiting, "succeeded");
        is_exact(&job);
        let fence = job["fence"].as_u64().unwrap();
        assert!(fence >> 40 >= 2, "{job:#}");
        there.wait_for(newer, "succeeded");
    });
    let other = Desk::with(JOBS);
    other.post(&["report"]);
    let mut command = other.command(&["board", "move"]);
    let again = command.env("RUN_FUNCTIONS_BOARD_ADDRESS", &address);
    let again = again.output().unwrap();
    let again = String::from_utf8(again.stderr).unwrap();
    assert!(again.contains("name an empty database"), "{again}");
    assert!(other.place.path("run/board.sqlite").exists());
    assert_eq!(other.job(1)["state"], "waiting");
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs PostgreSQL"]
fn commands_about_a_file_name_what_a_database_has_in_its_place() {
    with_desk(|desk, _| {
        assert!(desk.says(&["jobs"]).starts_with("No job is on postgres://"));
        let created = desk.says(&["board", "migrate"]);
        assert!(created.contains("The board is created"), "{created}");
        let backup = desk.refuses(&["board", "backup", "x"], 2);
        assert!(backup.contains("pg_dump"), "{backup}");
        let restore = desk.refuses(&["board", "restore", "x"], 2);
        assert!(restore.contains("raise the epoch"), "{restore}");
        let id = desk.post(&["report", "--at", "1h"]).to_string();
        let found = desk.says(&["board", "query", "SELECT id, definition FROM job"]);
        assert_eq!(found, format!("id\tdefinition\n{id}\treport\n"));
        desk.refuses(&["board", "query", "DELETE FROM job"], 2);
        let checked = desk.says(&["board", "check"]);
        assert!(checked.contains("Epoch     1"), "{checked}");
        let shown = desk.says(&["check"]);
        assert!(shown.contains("Board     postgres://plain@"), "{shown}");
        assert!(shown.contains("RUN_FUNCTIONS_BOARD_ADDRESS"), "{shown}");
    });
}
