//! A flow as text: a tree of groups and steps, with what is written of each, or with where each
//! stands.

use super::flow_state::FlowState;
use super::picture_notes;
use super::picture_states;
use super::plan::{FlowPlan, ROOT};
use crate::text::columns;

/// How wide a picture is, unless a name is wider.
const WIDTH: usize = 80;
/// The widest column of names; the notes of what is longer stand in the next line.
const WIDEST_NAME: usize = 36;

/// A node of the tree.
struct Row {
    /// The lines of the tree before the name.
    branch: String,
    /// The lines of the tree below the name, where the notes go on.
    below: String,
    name: String,
    notes: String,
}

impl FlowPlan {
    /// Returns the tree of the definition: what runs in which order, and how often.
    pub(crate) fn picture(&self) -> String {
        draw(&rows(self, &|at| picture_notes::of_node(self, at)))
    }
}

impl FlowState {
    /// Returns the tree with where each step stands. `now` is in milliseconds since 1970.
    pub(crate) fn picture(&self, now: i64) -> String {
        let plan = self.plan();
        draw(&rows(plan, &|at| picture_states::of_node(self, at, now)))
    }
}

/// The mark and the notes of a node.
type Label = (Option<char>, String);

fn rows(plan: &FlowPlan, label: &dyn Fn(usize) -> Label) -> Vec<Row> {
    let (_, notes) = label(ROOT);
    let mut rows = vec![Row {
        branch: String::new(),
        below: "│".to_owned(),
        name: plan.definition().name.clone(),
        notes,
    }];
    add_children(&mut rows, plan, ROOT, "", label);
    rows
}

fn add_children(
    rows: &mut Vec<Row>,
    plan: &FlowPlan,
    group: usize,
    before: &str,
    label: &dyn Fn(usize) -> Label,
) {
    let children: Vec<usize> = plan.children(group).collect();
    for (place, child) in children.iter().enumerate() {
        let is_last = place + 1 == children.len();
        let (fork, line) = if is_last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let below = format!("{before}{line}");
        let (mark, notes) = label(*child);
        let is_group = plan.node(*child).step.is_none();
        let name = &plan.node(*child).name;
        rows.push(Row {
            branch: format!("{before}{fork}"),
            below: if is_group {
                format!("{below}│")
            } else {
                below.clone()
            },
            name: mark.map_or_else(|| name.clone(), |mark| format!("{mark} {name}")),
            notes,
        });
        add_children(rows, plan, *child, &below, label);
    }
}

fn draw(rows: &[Row]) -> String {
    let width = |row: &Row| row.branch.chars().count() + row.name.chars().count();
    let widths = rows.iter().map(width).filter(|width| *width <= WIDEST_NAME);
    let column = widths.max().unwrap_or(0).max(6) + 2;
    let mut text = String::new();
    for row in rows {
        let head = format!("{}{}", row.branch, row.name);
        if row.notes.is_empty() {
            text.push_str(&head);
            text.push('\n');
            continue;
        }
        let is_too_wide = width(row) + 2 > column;
        if is_too_wide {
            text.push_str(&head);
            text.push('\n');
        }
        let notes = columns::folded(&row.notes, Some(WIDTH - column));
        for (at, line) in notes.lines().enumerate() {
            let is_head = at == 0 && !is_too_wide;
            let head = if is_head { &head } else { &row.below };
            let gap = column - head.chars().count();
            text.push_str(head);
            text.extend(std::iter::repeat_n(' ', gap));
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
