//! What a user may see of a board: what belongs to other projects is neither returned nor counted.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};

use crate::board::served::DefinitionRecord;
use crate::board::{
    AlertConditions, Board, BoardResult, EndFilter, EndedJob, JobFilter, JobId, JobRecord,
    ScheduleRecord,
};
use crate::job::JobSchema;
use crate::server::viewer::Projects;

/// How many ended jobs are compared with those that a user may see.
const MOST_COMPARED: u32 = 500;

/// What a user may see of a board.
pub(super) struct Sight<'a> {
    board: &'a dyn Board,
    projects: &'a Projects,
    definitions: OnceCell<BTreeMap<String, DefinitionRecord>>,
    conditions: OnceCell<AlertConditions>,
}

/// Jobs that a user may see, the newest first.
pub(super) struct SeenJobs {
    /// The jobs.
    pub(super) jobs: Vec<JobRecord>,
    /// What the next page begins before; `None`: this is the last.
    pub(super) next: Option<JobId>,
}

impl<'a> Sight<'a> {
    /// Creates the sight of a user.
    pub(super) fn new(board: &'a dyn Board, projects: &'a Projects) -> Self {
        Sight {
            board,
            projects,
            definitions: OnceCell::new(),
            conditions: OnceCell::new(),
        }
    }

    /// Returns the board, for what has no project.
    pub(super) fn board(&self) -> &'a dyn Board {
        self.board
    }

    /// Returns the projects to which the sight is bound; `None`: to none.
    pub(super) fn only(&self) -> Option<&'a [String]> {
        match self.projects {
            Projects::All => None,
            Projects::Only(names) => Some(names),
        }
    }

    /// Returns whether what belongs to a project, or to none, may be seen.
    pub(super) fn allows(&self, project: Option<&str>) -> bool {
        self.projects.allow(project)
    }

    /// Returns the definitions, by name.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn definitions(&self) -> BoardResult<&BTreeMap<String, DefinitionRecord>> {
        if let Some(known) = self.definitions.get() {
            return Ok(known);
        }
        let all = self.board.definitions()?.into_iter();
        let seen = all.filter(|record| self.allows(record.entry.project.as_deref()));
        let by_name = seen.map(|record| (record.entry.name.clone(), record));
        Ok(self.definitions.get_or_init(|| by_name.collect()))
    }

    /// Returns what did not happen, of all projects.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn conditions(&self) -> BoardResult<&AlertConditions> {
        if let Some(known) = self.conditions.get() {
            return Ok(known);
        }
        let found = self.board.look_at_conditions()?;
        Ok(self.conditions.get_or_init(|| found))
    }

    /// Returns a definition.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn definition(&self, name: &str) -> BoardResult<Option<&DefinitionRecord>> {
        Ok(self.definitions()?.get(name))
    }

    /// Returns the schema of a definition that a worker has entered.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn schema(&self, name: &str) -> BoardResult<Option<JobSchema>> {
        let record = self.definition(name)?;
        Ok(record.and_then(|record| serde_json::from_value(record.entry.schema.clone()).ok()))
    }

    /// Returns a job.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn job(&self, id: JobId) -> BoardResult<Option<JobRecord>> {
        let job = self.board.job(id)?;
        Ok(job.filter(|job| self.allows(job.project.as_deref())))
    }

    /// Returns a page of jobs.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn jobs(&self, filter: &JobFilter) -> BoardResult<SeenJobs> {
        let mut all = Vec::new();
        let mut has_more = false;
        for filter in self.bound(filter) {
            let page = self.board.jobs(&filter)?;
            has_more |= page.next.is_some();
            all.extend(page.jobs);
        }
        all.sort_by_key(|job| std::cmp::Reverse(job.id));
        has_more |= all.len() > filter.limit as usize;
        all.truncate(filter.limit as usize);
        let next = all.last().filter(|_| has_more).map(|job| job.id);
        Ok(SeenJobs { jobs: all, next })
    }

    /// Returns the filters that find what this one finds of what may be seen: one a project.
    pub(super) fn bound(&self, filter: &JobFilter) -> Vec<JobFilter> {
        let Some(only) = self.only() else {
            return vec![filter.clone()];
        };
        let wanted = only
            .iter()
            .filter(|name| filter.project.as_ref().is_none_or(|it| it == *name));
        let bound = wanted.map(|name| JobFilter {
            project: Some(name.clone()),
            ..filter.clone()
        });
        bound.collect()
    }

    /// Returns jobs that have ended, the last one first.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn ended_jobs(&self, filter: &EndFilter) -> BoardResult<Vec<EndedJob>> {
        if self.only().is_none() {
            return self.board.ended_jobs(filter);
        }
        // A job may belong to another project than its definition: a schedule has its own.
        let seen = self.jobs(&JobFilter {
            definition: filter.definition.clone(),
            limit: MOST_COMPARED,
            ..JobFilter::default()
        })?;
        let seen: HashSet<JobId> = seen.jobs.iter().map(|job| job.id).collect();
        let mut ended = self.board.ended_jobs(filter)?;
        ended.retain(|job| seen.contains(&job.id));
        Ok(ended)
    }

    /// Returns the schedules, by name.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn schedules(&self) -> BoardResult<Vec<ScheduleRecord>> {
        let mut all = self.board.schedules()?;
        all.retain(|one| self.allows(Some(&one.project)));
        Ok(all)
    }
}
