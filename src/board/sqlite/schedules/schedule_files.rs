//! The schedules of files, applied when their content is new.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};

use super::schedule_rows::spec;
use crate::board::schedule_file::{
    ApplyMode, ScheduleChange, ScheduleChangeKind, ScheduleEntry, ScheduleFile, ScheduleFileAnswer,
};
use crate::board::sqlite::sqlite_failure::SqliteFailure;
use crate::board::sqlite::words::json;
use crate::board::sqlite::write_tx::WriteTx;
use crate::schedule::{ScheduleSpec, SlotOverlap};

/// A schedule of that name, as it is on the board.
struct FormerRow {
    project: String,
    spec: ScheduleSpec,
    is_removed: bool,
}

/// Applies the schedules of a file.
pub(super) fn apply(
    tx: &WriteTx<'_>,
    file: &ScheduleFile,
) -> Result<ScheduleFileAnswer, SqliteFailure> {
    if file.mode == ApplyMode::WhenNew
        && let Some(answer) = known(tx, file)?
    {
        return Ok(answer);
    }
    let mut changes = Vec::new();
    for entry in &file.entries {
        changes.extend(apply_entry(tx, file, entry)?);
    }
    changes.extend(remove_others(tx, file)?);
    remember(tx, file)?;
    tx.ring();
    Ok(ScheduleFileAnswer::Applied(changes))
}

/// Returns the answer for a content that the board has seen, or that has nothing to apply.
fn known(tx: &WriteTx<'_>, file: &ScheduleFile) -> rusqlite::Result<Option<ScheduleFileAnswer>> {
    let mut last = tx.conn.prepare_cached(
        "SELECT content, applied FROM schedule_file WHERE project = ?1 ORDER BY id DESC LIMIT 1",
    )?;
    let last = last.query_row([&file.project], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    });
    let Some((content, applied)) = last.optional()? else {
        let is_empty = file.entries.is_empty();
        return Ok(is_empty.then_some(ScheduleFileAnswer::AsBefore));
    };
    if content == file.content {
        return Ok(Some(ScheduleFileAnswer::AsBefore));
    }
    let mut seen = tx
        .conn
        .prepare_cached("SELECT 1 FROM schedule_file WHERE project = ?1 AND content = ?2")?;
    let is_seen = seen.exists([&file.project, &file.content])?;
    Ok(is_seen.then_some(ScheduleFileAnswer::Replaced { at: applied }))
}

fn apply_entry(
    tx: &WriteTx<'_>,
    file: &ScheduleFile,
    entry: &ScheduleEntry,
) -> rusqlite::Result<Option<ScheduleChange>> {
    let change = |kind| {
        Some(ScheduleChange {
            name: entry.name.clone(),
            kind,
        })
    };
    let Some(former) = former(tx, &entry.name)? else {
        insert(tx, file, entry)?;
        return Ok(change(ScheduleChangeKind::Added));
    };
    let is_ours = former.project == file.project || former.is_removed;
    if !is_ours && file.mode == ApplyMode::WhenNew {
        let project = former.project;
        return Ok(change(ScheduleChangeKind::OfAnother { project }));
    }
    let is_same = former.spec == entry.spec && !former.is_removed;
    if is_same && former.project == file.project {
        return Ok(None);
    }
    let keeps_next = former.spec.times == entry.spec.times && !former.is_removed;
    update(tx, file, entry, keeps_next)?;
    Ok(change(match former.is_removed {
        true => ScheduleChangeKind::Added,
        false => ScheduleChangeKind::Changed {
            before: Box::new(former.spec),
        },
    }))
}

fn former(tx: &WriteTx<'_>, name: &str) -> rusqlite::Result<Option<FormerRow>> {
    let mut read = tx.conn.prepare_cached(
        "SELECT project, spec, removed IS NOT NULL FROM schedule WHERE name = ?1",
    )?;
    let row = read.query_row([name], |row| {
        Ok(FormerRow {
            project: row.get(0)?,
            spec: spec(&row.get::<_, String>(1)?),
            is_removed: row.get(2)?,
        })
    });
    row.optional()
}

fn insert(tx: &WriteTx<'_>, file: &ScheduleFile, entry: &ScheduleEntry) -> rusqlite::Result<()> {
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO schedule (name, project, spec, overlap, pause_after, late_after, next, planned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let spec = &entry.spec;
    insert.execute(params![
        entry.name,
        file.project,
        json(spec),
        overlap_word(spec.overlap),
        spec.pause_after,
        spec.late_after,
        entry.next,
        tx.now,
    ])?;
    Ok(())
}

fn update(
    tx: &WriteTx<'_>,
    file: &ScheduleFile,
    entry: &ScheduleEntry,
    keeps_next: bool,
) -> rusqlite::Result<()> {
    let mut update = tx.conn.prepare_cached(
        "UPDATE schedule SET project = ?2, spec = ?3, overlap = ?4, pause_after = ?5,
            late_after = ?6, version = version + 1, removed = NULL,
            next = CASE WHEN ?9 THEN next ELSE ?7 END,
            planned = CASE WHEN ?9 THEN planned ELSE ?8 END
         WHERE name = ?1",
    )?;
    let spec = &entry.spec;
    update.execute(params![
        entry.name,
        file.project,
        json(spec),
        overlap_word(spec.overlap),
        spec.pause_after,
        spec.late_after,
        entry.next,
        tx.now,
        keeps_next,
    ])?;
    Ok(())
}

fn remove_others(tx: &WriteTx<'_>, file: &ScheduleFile) -> rusqlite::Result<Vec<ScheduleChange>> {
    let kept: BTreeSet<&str> = file
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    let mut read = tx.conn.prepare_cached(
        "SELECT name FROM schedule WHERE project = ?1 AND removed IS NULL ORDER BY name",
    )?;
    let names = read.query_map([&file.project], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    let mut changes = Vec::new();
    for name in names
        .into_iter()
        .filter(|name| !kept.contains(name.as_str()))
    {
        let mut remove = tx.conn.prepare_cached(
            "UPDATE schedule SET removed = ?2, next = NULL, late_at = NULL, has_news = 0,
                version = version + 1
             WHERE name = ?1",
        )?;
        remove.execute(params![name, tx.now])?;
        changes.push(ScheduleChange {
            name,
            kind: ScheduleChangeKind::Removed,
        });
    }
    Ok(changes)
}

/// Makes the content the last one of its project.
fn remember(tx: &WriteTx<'_>, file: &ScheduleFile) -> rusqlite::Result<()> {
    let mut forget = tx
        .conn
        .prepare_cached("DELETE FROM schedule_file WHERE project = ?1 AND content = ?2")?;
    forget.execute(params![file.project, file.content])?;
    let mut insert = tx.conn.prepare_cached(
        "INSERT INTO schedule_file (project, content, applied) VALUES (?1, ?2, ?3)",
    )?;
    insert.execute(params![file.project, file.content, tx.now])?;
    Ok(())
}

fn overlap_word(overlap: SlotOverlap) -> &'static str {
    match overlap {
        SlotOverlap::Skip => "skip",
        SlotOverlap::Allow => "allow",
        SlotOverlap::Wait => "wait",
    }
}
