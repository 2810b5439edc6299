//! The night of the design: a feed that is down, a job that is stuck, a tag that no worker serves.

use serde_json::{Value, json};

use super::night::{NOW, TestNight, ToldStep, done, fails};
use crate::board::{DefinitionEntry, JobId, JobState, ScheduleRequest, SessionId, SessionWish};
use crate::flow::journal::Phase;

const MINUTE: i64 = 60_000;
pub(super) const FEED: &str = "GET https://feed.supplier.example/prices.csv returned status 503";
pub(super) const HEADER: &str =
    "convert: improper image header `/srv/pictures/in/9120.jpg' @ error/jpeg.c/338";
pub(super) const READ_ONLY: &str =
    "rm: cannot remove '/srv/pictures/in/8841.jpg': Read-only file system";

/// The jobs of the story that tests open.
pub(super) struct NightJobs {
    pub(super) running: JobId,
    pub(super) failed: JobId,
    pub(super) stuck: JobId,
    pub(super) waiting: JobId,
    pub(super) reverted: JobId,
}

pub(super) fn definition(
    name: &str,
    project: &str,
    needs: &[&str],
    help: &str,
    args: Value,
) -> DefinitionEntry {
    DefinitionEntry {
        name: name.to_owned(),
        shape: "s1".to_owned(),
        help: help.to_owned(),
        schema: json!({"help": help, "args": args, "project": project}),
        needs: needs.iter().map(|tag| (*tag).to_owned()).collect(),
        limit: (name == "send_newsletter").then_some(2),
        project: Some(project.to_owned()),
    }
}

fn definitions() -> Vec<DefinitionEntry> {
    vec![
        definition(
            "import_prices",
            "shop",
            &[],
            "Fetches the price list of a supplier and loads it.",
            json!([{"name": "supplier", "help": "which one", "default": "main"}]),
        ),
        definition(
            "sync_stock",
            "shop",
            &[],
            "Brings the stock of the warehouses into the shop.",
            json!([{"name": "shop", "one_of": ["fra", "ber"]}]),
        ),
        definition(
            "send_newsletter",
            "shop",
            &[],
            "Delivers a newsletter to one list.",
            json!([{"name": "list"}]),
        ),
        definition(
            "resize",
            "media",
            &["imagemagick"],
            "Resizes a picture and publishes it.",
            json!([{"name": "path", "type": "path"}, {"name": "width", "type": "integer", "default": 800}]),
        ),
        definition(
            "publish_video",
            "media",
            &["ffmpeg"],
            "Encodes a film, publishes it and informs the shop.",
            json!([{"name": "path", "type": "path"}, {"name": "token", "secret": true}]),
        ),
        definition(
            "render_preview",
            "media",
            &["gpu"],
            "Renders a preview of a product on a GPU.",
            json!([{"name": "product", "type": "integer"}]),
        ),
        definition(
            "backup_db",
            "ops",
            &[],
            "Dumps a database and copies it away.",
            json!([]),
        ),
    ]
}

/// Creates the board of the night.
pub(super) fn night() -> (TestNight, NightJobs) {
    let night = TestNight::quiet();
    let app = ["x86_64", "imagemagick"];
    let app_1 = night.join("app-1", 8, &app, "0.4.0");
    let app_2 = night.join("app-2", 8, &app, "0.4.0");
    let media = night.join("media-1", 12, &["x86_64", "ffmpeg"], "0.4.0");
    let edge = night.join("edge-fra", 4, &["x86_64"], "0.3.2");
    let gpu = night.join("render-1", 4, &["x86_64", "gpu"], "0.4.0");
    let silent = night.join("render-2", 4, &["x86_64", "gpu"], "0.4.0");
    for session in [app_1, app_2, media, edge, gpu, silent] {
        night.define(session, &definitions());
    }
    schedules(&night);
    let reverted = a_day(&night, &[app_1, app_2, media, edge]);
    let failed = outage(&night, &[app_1, app_2]);
    night.set(NOW - 33 * MINUTE);
    night.beat(silent);
    night
        .board
        .request_of_worker(gpu, SessionWish::Sleep)
        .unwrap();
    let stuck = stuck(&night, app_2);
    let running = running(&night, media);
    let waiting = waiting(&night, app_1);
    night.set(NOW - 2_000);
    for session in [app_1, app_2, media, edge, gpu] {
        night.beat(session);
    }
    night.set(NOW);
    let jobs = NightJobs {
        running,
        failed,
        stuck,
        waiting,
        reverted,
    };
    (night, jobs)
}

fn schedules(night: &TestNight) {
    night.schedule(
        "shop",
        &[
            ("import_prices", "import_prices", "*/5 * * * *"),
            ("sync_stock", "sync_stock", "*/15 * * * *"),
            ("weekly_report", "sync_stock", "0 7 * * 1"),
        ],
    );
    night.schedule(
        "media",
        &[("render_nightly", "render_preview", "15 3 * * *")],
    );
    night.schedule("ops", &[("backup_db", "backup_db", "0 4 * * *")]);
    let pause = ScheduleRequest::Pause {
        by: "bob".to_owned(),
        why: "moving the mail server".to_owned(),
    };
    night
        .board
        .request_of_schedule("weekly_report", &pause)
        .unwrap();
}

/// Lets a day pass; returns a job that was reverted.
fn a_day(night: &TestNight, workers: &[SessionId]) -> JobId {
    let mut reverted = None;
    for round in 0..40_i64 {
        night.set(NOW - 23 * 60 * MINUTE + round * 30 * MINUTE);
        let (one, other) = (workers[(round % 2) as usize], workers[2]);
        let id = night.post("import_prices", "shop", json!({"supplier": "main"}));
        let steps = match round % 9 {
            4 => vec![
                fails("fetch", 30_000, "timed out after 30 s"),
                ToldStep {
                    attempt: 2,
                    ..done("fetch", 21_000)
                },
                done("load", 9_000),
            ],
            _ => vec![
                done("fetch", 20_000 + round * 300),
                done("validate", 2_000),
                done("load", 11_000),
            ],
        };
        night.run(one, id, "import_prices", &steps, JobState::Succeeded);
        let id = night.post(
            "resize",
            "media",
            json!({"path": format!("/srv/in/{round}.jpg"), "width": 800}),
        );
        let bad = round % 7 == 3;
        let steps = match bad {
            true => vec![done("fetch", 900), fails("shrink", 400, HEADER)],
            false => vec![
                done("fetch", 700),
                done("shrink", 1_200),
                done("publish", 300),
            ],
        };
        let state = if bad {
            JobState::Failed
        } else {
            JobState::Succeeded
        };
        night.run(one, id, "resize", &steps, state);
        if round % 10 == 0 {
            let id = night.post(
                "publish_video",
                "media",
                json!({"path": "/srv/video/1.mov", "token": "t0ps3cret"}),
            );
            let undo = ToldStep {
                phase: Phase::Revert,
                ..done("fetch", 500)
            };
            let steps = match round {
                10 => vec![
                    done("fetch", 22_000),
                    fails("encode", 130_000, "ffmpeg: no space left"),
                    undo,
                ],
                _ => vec![
                    done("fetch", 22_000),
                    done("probe", 2_000),
                    done("encode", 214_000),
                    done("cdn", 33_000),
                    done("notify", 800),
                ],
            };
            let state = if round == 10 {
                JobState::Reverted
            } else {
                JobState::Succeeded
            };
            night.run(other, id, "publish_video", &steps, state);
            reverted = (round == 10).then_some(id).or(reverted);
        }
    }
    reverted.unwrap()
}

/// The feed is down since 02:15; returns the last failure.
fn outage(night: &TestNight, workers: &[SessionId]) -> JobId {
    let mut last = None;
    for round in 0..12_i64 {
        night.set(NOW - 87 * MINUTE + round * 7 * MINUTE);
        let id = night.post("import_prices", "shop", json!({"supplier": "main"}));
        let again = |attempt| ToldStep {
            attempt,
            ..fails("fetch", 9_000, FEED)
        };
        let steps = [again(1), again(2), again(3)];
        night.run(
            workers[(round % 2) as usize],
            id,
            "import_prices",
            &steps,
            JobState::Failed,
        );
        last = Some(id);
    }
    last.unwrap()
}

fn stuck(night: &TestNight, worker: SessionId) -> JobId {
    night.set(NOW - 23 * MINUTE);
    let id = night.post(
        "resize",
        "media",
        json!({"path": "/srv/pictures/in/8841.jpg", "width": 800}),
    );
    let revert = |attempt| ToldStep {
        phase: Phase::Revert,
        attempt,
        ..fails("fetch", 800, READ_ONLY)
    };
    let steps = [
        done("fetch", 3_000),
        fails("shrink", 400, HEADER),
        revert(1),
        revert(2),
        revert(3),
    ];
    night.run(worker, id, "resize", &steps, JobState::Stuck);
    id
}

fn running(night: &TestNight, worker: SessionId) -> JobId {
    night.set(NOW - 11 * MINUTE);
    let id = night.post_with(
        "publish_video",
        "media",
        json!({"path": "/srv/video/in/8841.mov", "token": "t0ps3cret"}),
        |post| crate::board::Post {
            key: Some("video-8841".to_owned()),
            ..post
        },
    );
    let steps = [
        fails("fetch", 30_000, "timed out after 30 s: 412 of 1,980 MB"),
        ToldStep {
            attempt: 2,
            ..done("fetch", 22_000)
        },
        done("probe", 2_000),
    ];
    let at = night.run(worker, id, "publish_video", &steps, JobState::Running);
    night.set(NOW - 47_000);
    night.begin(worker, at, "encode", 0);
    night.print(at, "encode", "\u{1b}[1mffmpeg 7.1\u{1b}[0m /srv/video/8841\n\u{1b}[34minfo\u{1b}[0m  64 segments, 1.84 GB\nauthorization: Bearer [redacted]\n");
    night.print(at, "encode", "\u{1b}[32m✓\u{1b}[0m segment  1/64\n\u{1b}[33mwarn\u{1b}[0m  segment 38: connection reset by peer, again in 1 s\n");
    id
}

fn waiting(night: &TestNight, worker: SessionId) -> JobId {
    night.set(NOW - 32 * MINUTE);
    let first = night.post("render_preview", "media", json!({"product": 77120}));
    for product in 1..20 {
        night.post("render_preview", "media", json!({"product": product}));
    }
    for _ in 0..5 {
        night.limited("send_newsletter", "shop", 2);
    }
    night.set(NOW - 19 * MINUTE);
    let id = night.post("sync_stock", "shop", json!({"shop": "fra"}));
    let at = night.claim(worker, id, "sync_stock", 600);
    night.begin(worker, at, "pull", 0);
    let later = night.post_with("backup_db", "ops", json!({}), |post| crate::board::Post {
        run_at: NOW + 60 * MINUTE,
        ..post
    });
    assert!(later.0 > first.0);
    first
}
