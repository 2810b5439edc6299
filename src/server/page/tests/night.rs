//! A board with the story of a night, under a clock that the test moves.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::board::{
    Advance, ApplyMode, Beat, Board, BoardSettings, ClaimWish, DefinitionEntry, HostIdentity,
    JobId, JobPosition, JobState, LaneWish, NameRule, OutputBatch, OutputPart, Post, PostLimit,
    ScheduleEntry, ScheduleFile, SessionId, SessionRequest, Transition, open_sqlite,
};
use crate::config::{CommandLineLayers, Inputs, load};
use crate::core::settings::Settings;
use crate::core::time::{Moment, Mono};
use crate::flow::journal::{Doing, EntryOutcome, JournalEntry, Phase};
use crate::schedule::{ScheduleSpec, SlotTimes};
use crate::server::audit_entry::{AuditEntry, AuditTrail};
use crate::server::page::{PageAnswer, PageRequest, act, show};
use crate::server::viewer::{Projects, Role, Viewer};

/// Tue 15 Dec 2026, 02:42:10 UTC.
pub(super) const NOW: i64 = 1_797_302_530_000;
const MINUTE: i64 = 60_000;

/// An audit in memory.
#[derive(Default)]
pub(super) struct MemoryAudit {
    pub(super) entries: Mutex<Vec<AuditEntry>>,
    pub(super) is_broken: bool,
}

impl AuditTrail for MemoryAudit {
    fn record(&self, entry: AuditEntry) -> std::io::Result<()> {
        if self.is_broken {
            return Err(std::io::Error::other("no space left on device"));
        }
        let mut entries = self.entries.lock().unwrap();
        let (id, at) = (entries.len() as u64 + 1, NOW);
        entries.push(AuditEntry { id, at, ..entry });
        Ok(())
    }

    fn entries(&self, before: Option<u64>, at_most: u32) -> std::io::Result<Vec<AuditEntry>> {
        let entries = self.entries.lock().unwrap();
        let newest = entries.iter().rev();
        let newest = newest.filter(|entry| before.is_none_or(|before| entry.id < before));
        Ok(newest.take(at_most as usize).cloned().collect())
    }
}

/// A board with its server.
pub(super) struct TestNight {
    pub(super) board: Arc<dyn Board>,
    pub(super) audit: MemoryAudit,
    pub(super) settings: Settings,
    clock: Arc<AtomicI64>,
    number: AtomicU64,
    _dir: TempDir,
}

/// How an attempt of a story ends.
#[derive(Clone, Copy)]
pub(super) struct ToldStep {
    pub(super) step: &'static str,
    pub(super) phase: Phase,
    pub(super) attempt: u32,
    pub(super) millis: i64,
    pub(super) error: Option<&'static str>,
}

/// Returns an execution that succeeds.
pub(super) fn done(step: &'static str, millis: i64) -> ToldStep {
    ToldStep {
        step,
        phase: Phase::Execute,
        attempt: 1,
        millis,
        error: None,
    }
}

/// Returns an execution that fails.
pub(super) fn fails(step: &'static str, millis: i64, error: &'static str) -> ToldStep {
    ToldStep {
        error: Some(error),
        ..done(step, millis)
    }
}

pub(super) fn viewer(name: &str, role: Role, projects: Projects) -> Viewer {
    Viewer {
        name: name.to_owned(),
        role,
        projects,
        csrf: "0123456789abcdef".to_owned(),
    }
}

pub(super) fn alice() -> Viewer {
    viewer("alice", Role::Operate, Projects::All)
}

/// Returns the pairs of a query.
pub(super) fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

impl TestNight {
    /// Creates a board on which nothing has happened.
    pub(super) fn quiet() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOW - 24 * 60 * MINUTE));
        let time = Arc::clone(&clock);
        let settings = BoardSettings {
            clock: Arc::new(move || {
                let since = Duration::from_millis(time.load(Ordering::SeqCst).unsigned_abs());
                Moment {
                    mono: Mono::BOOT + since,
                    wall: UNIX_EPOCH + since,
                }
            }),
            ..BoardSettings::default()
        };
        let board = open_sqlite(&dir.path().join("board.sqlite"), &settings).unwrap();
        let home = dir.path().join("home");
        let inputs = Inputs {
            environment: [("HOME".into(), home.into())].into(),
            cwd: dir.path().to_owned(),
            etc: dir.path().to_owned(),
            uid: 1000,
            ..Inputs::of_process(CommandLineLayers::default()).unwrap()
        };
        TestNight {
            board,
            audit: MemoryAudit::default(),
            settings: load(&inputs).unwrap().settings,
            clock,
            number: AtomicU64::new(0),
            _dir: dir,
        }
    }

    pub(super) fn set(&self, millis: i64) {
        self.clock.store(millis, Ordering::SeqCst);
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    fn fresh(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.number.fetch_add(1, Ordering::SeqCst))
    }

    pub(super) fn join(&self, name: &str, slots: u32, tags: &[&str], version: &str) -> SessionId {
        let request = SessionRequest {
            name: name.to_owned(),
            if_taken: NameRule::NextNumber,
            identity: HostIdentity {
                host: format!("{name}.example"),
                uid: 1000,
                boot_id: format!("boot of {name}"),
                pid_namespace: "pid:[1]".to_owned(),
                time_namespace: "time:[1]".to_owned(),
                pid: 7,
                start_ticks: 1,
            },
            version: version.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            slots,
        };
        self.board.join(&request).unwrap().session
    }

    pub(super) fn define(&self, session: SessionId, definitions: &[DefinitionEntry]) {
        self.board.enter_definitions(session, definitions).unwrap();
    }

    pub(super) fn beat(&self, session: SessionId) {
        let ended = Vec::new();
        self.board
            .beat(&Beat {
                session,
                is_idle: false,
                ended,
            })
            .unwrap();
    }

    pub(super) fn post(&self, definition: &str, project: &str, args: Value) -> JobId {
        self.post_with(definition, project, args, |post| post)
    }

    pub(super) fn post_with(
        &self,
        definition: &str,
        project: &str,
        args: Value,
        change: impl FnOnce(Post) -> Post,
    ) -> JobId {
        let post = Post::new(definition, args, self.fresh("posting"));
        let post = change(Post {
            project: (!project.is_empty()).then(|| project.to_owned()),
            posted_by: "deploy".to_owned(),
            ..post
        });
        self.board.post(&post).unwrap().id
    }

    /// Claims a job.
    pub(super) fn claim(
        &self,
        session: SessionId,
        id: JobId,
        definition: &str,
        lease: u64,
    ) -> JobPosition {
        let claim = ClaimWish {
            at_most: 1,
            lanes: vec![LaneWish {
                definition: definition.to_owned(),
                lease: Duration::from_secs(lease),
                max_crashes: 3,
                is_bound_to_host: false,
                time_limit: None,
                first: Vec::new(),
            }],
            only: vec![id],
        };
        let advance = Advance {
            session,
            transitions: Vec::new(),
            claim,
        };
        let answer = self.board.advance(&advance).unwrap();
        answer
            .claimed
            .first()
            .unwrap_or_else(|| panic!("{id} {definition}"))
            .position
    }

    pub(super) fn report(&self, session: SessionId, transition: Transition) {
        let advance = Advance {
            session,
            transitions: vec![transition],
            claim: ClaimWish::default(),
        };
        self.board.advance(&advance).unwrap();
    }

    /// Claims a job and reports its steps, one after the other.
    pub(super) fn run(
        &self,
        session: SessionId,
        id: JobId,
        definition: &str,
        steps: &[ToldStep],
        state: JobState,
    ) -> JobPosition {
        let at = self.claim(session, id, definition, 60);
        let worker = self.board.workers().unwrap();
        let worker = worker.iter().find(|worker| worker.session == session);
        let worker = worker
            .map(|worker| worker.request.name.clone())
            .unwrap_or_default();
        let mut entries: Vec<JournalEntry> = Vec::new();
        for step in steps {
            let started = self.now();
            self.set(started + step.millis);
            entries.push(JournalEntry {
                seq: at.seq + entries.len() as u64 + 1,
                fence: at.fence,
                step: step.step.to_owned(),
                phase: step.phase,
                attempt: step.attempt,
                outcome: if step.error.is_some() {
                    EntryOutcome::Failed
                } else {
                    EntryOutcome::Succeeded
                },
                started,
                ended: self.now(),
                code: None,
                kind: step.error.map(kind_of),
                error: step.error.map(str::to_owned),
                result: step.error.is_none().then(|| json!({"of": step.step})),
                worker: worker.clone(),
            });
        }
        let reason = steps.iter().rev().find_map(|step| step.error);
        let transition = Transition {
            entries,
            state,
            reason: reason
                .filter(|_| state != JobState::Succeeded)
                .map(str::to_owned),
            ..Transition::begin(at, Vec::new())
        };
        let after = transition.after();
        self.report(session, transition);
        after
    }

    /// Has a job be in the midst of a step.
    pub(super) fn begin(&self, session: SessionId, at: JobPosition, step: &str, ago: i64) {
        let doing = Doing {
            step: step.to_owned(),
            phase: Phase::Execute,
            attempt: 1,
            since: self.now() - ago,
        };
        self.report(session, Transition::begin(at, vec![doing]));
    }

    pub(super) fn print(&self, at: JobPosition, step: &str, text: &str) {
        let part = OutputPart {
            part: self.number.fetch_add(1, Ordering::SeqCst),
            step: step.to_owned(),
            attempt: 1,
            at: self.now(),
            omitted: 0,
            text: text.to_owned(),
        };
        let batch = OutputBatch {
            id: at.id,
            fence: at.fence,
            parts: vec![part],
        };
        assert!(self.board.append_output(&batch).unwrap());
    }

    pub(super) fn schedule(&self, project: &str, names: &[(&str, &str, &str)]) {
        let entries = names.iter().map(|(name, job, cron)| ScheduleEntry {
            name: (*name).to_owned(),
            spec: spec(job, cron),
            next: Some(NOW + 3 * MINUTE),
        });
        let file = ScheduleFile {
            project: project.to_owned(),
            content: self.fresh("content"),
            entries: entries.collect(),
            mode: ApplyMode::WhenNew,
        };
        self.board.apply_schedules(&file).unwrap();
    }

    pub(super) fn limited(&self, definition: &str, project: &str, most: u32) -> JobId {
        self.post_with(definition, project, json!({"list": "all"}), |post| Post {
            limit: Some(PostLimit {
                key: definition.to_owned(),
                most,
            }),
            ..post
        })
    }

    /// Returns a page for a user.
    pub(super) fn get_as(&self, viewer: &Viewer, path: &str, query: &[(&str, &str)]) -> PageAnswer {
        let query = pairs(query);
        show(&self.request(viewer, path, &query, &[])).unwrap()
    }

    pub(super) fn post_as(&self, viewer: &Viewer, form: &[(&str, &str)]) -> PageAnswer {
        let form = pairs(form);
        act(&self.request(viewer, "/act", &[], &form)).unwrap()
    }

    pub(super) fn request<'a>(
        &'a self,
        viewer: &'a Viewer,
        path: &'a str,
        query: &'a [(String, String)],
        form: &'a [(String, String)],
    ) -> PageRequest<'a> {
        PageRequest {
            board: &*self.board,
            settings: &self.settings,
            audit: &self.audit,
            viewer,
            path,
            query,
            form,
            now: NOW,
        }
    }

    /// Returns the text of a page for alice.
    pub(super) fn page(&self, path: &str, query: &[(&str, &str)]) -> String {
        html(self.get_as(&alice(), path, query), 200)
    }
}

/// Returns the text of a page of this status.
pub(super) fn html(answer: PageAnswer, wanted: u16) -> String {
    match answer {
        PageAnswer::Html { status, body } => {
            assert_eq!(status, wanted, "{body}");
            body
        }
        other => panic!("{other:?}"),
    }
}

fn kind_of(error: &str) -> String {
    let hash = crate::core::hash::fnv1a(error.as_bytes());
    format!("{:012x}", hash & 0xffff_ffff_ffff)
}

fn spec(job: &str, cron: &str) -> ScheduleSpec {
    ScheduleSpec {
        job: job.to_owned(),
        args: json!({}),
        times: SlotTimes {
            cron: Some(cron.to_owned()),
            timezone: "UTC".to_owned(),
            ..SlotTimes::default()
        },
        missed: crate::schedule::MissedRule::default(),
        overlap: crate::schedule::SlotOverlap::default(),
        late_after: Some(10 * MINUTE),
        pause_after: Some(5),
        priority: 0,
        expires: None,
    }
}
