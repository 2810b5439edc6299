//! The plan of a start: the tasks of a chain, what each of them executes, and what would go wrong.

pub(crate) mod dry_run_plan;
