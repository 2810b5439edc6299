//! What is told of a runner, as words of the page.

use super::snapshot::{
    Activity, HeldBackCounts, LiveSnapshot, SIZE, TaskFares, UnwrittenData, WORDS,
};
use crate::core::event::RunDeadlines;
use crate::core::hash::fnv1a;
use crate::core::time::Mono;

/// What a page begins with.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"rf-live1");
/// Word 0 is the magic number, word 1 the sequence, the rest is what is told.
const FIRST: usize = 2;
/// How many words an older program wrote.
pub(super) const OLDER: usize = FIRST + 15;
const HISTORY: usize = OLDER;
const MEMORY: usize = OLDER + 1;
const MAILS: usize = OLDER + 2;
pub(super) const CHECKSUM: usize = OLDER + 3;
/// How many tasks follow, then two words for each.
const COUNT: usize = OLDER + 4;
const TASKS: usize = OLDER + 5;
/// Of how many tasks the page tells how they fare.
pub(super) const MOST_TASKS: usize = (SIZE / 8 - TASKS) / 2;

/// Fills in the words, the checksum left out. Returns how many there are.
pub(super) fn encode(glimpse: &LiveSnapshot, sequence: u64, words: &mut [u64; WORDS]) -> usize {
    let (phase, step, since, until, limit) = match glimpse.doing {
        Activity::Nothing => (0, 0, Mono::BOOT, Mono::BOOT, None),
        Activity::Running { step, since, limit } => (1, step, since, Mono::BOOT, limit),
        Activity::Sleeping { step, since, until } => (2, step, since, until, None),
    };
    // Zeros, as a page has them that an older program wrote, are none.
    let limit = limit.map_or([Mono::BOOT; 3], |limit| {
        [limit.late, limit.mail, limit.mailed.unwrap_or(Mono::BOOT)]
    });
    let [late, mail, mailed] = limit.map(word);
    let [kinds, unnamed, held_until, held_by] = glimpse.held_back.map_or([0; 4], |held| {
        [held.kinds, held.unnamed, word(held.until), held.limit]
    });
    let unkept = glimpse.unkept;
    words[..TASKS].copy_from_slice(&[
        MAGIC,
        sequence,
        u64::from(glimpse.pid),
        glimpse.boot,
        phase,
        step as u64,
        word(since),
        word(until),
        glimpse.runs.0,
        glimpse.runs.1,
        kinds,
        unnamed,
        held_until,
        held_by,
        late,
        mail,
        mailed,
        unkept.history.map_or(0, word),
        unkept.memory.map_or(0, word),
        unkept.mails,
        0,
        glimpse.tasks.len() as u64,
    ]);
    for (place, fares) in words[TASKS..].chunks_exact_mut(2).zip(&glimpse.tasks) {
        place.copy_from_slice(&match *fares {
            TaskFares::Unknown => [0, 0],
            TaskFares::Well => [1, 0],
            TaskFares::Down { since, failures } => [word(since), failures],
        });
    }
    TASKS + 2 * glimpse.tasks.len()
}

fn word(mono: Mono) -> u64 {
    mono.as_nanos().cast_unsigned()
}

fn mono(word: u64) -> Mono {
    Mono::from_nanos(word.cast_signed())
}

/// Never zero, which means that there is none.
pub(super) fn checksum(words: &[u64]) -> u64 {
    let tasks = usize::try_from(words[COUNT]).unwrap_or(0).min(MOST_TASKS);
    let mut bytes = [0; SIZE];
    let told = words.iter().take(TASKS + 2 * tasks).enumerate();
    let told = told.filter(|(index, _)| *index != CHECKSUM);
    for (place, (_, word)) in bytes.chunks_exact_mut(8).zip(told) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    fnv1a(&bytes[..8 * (TASKS - 1 + 2 * tasks)]).max(1)
}

/// Reads what the words tell; `None` where they mean nothing.
pub(super) fn decode(words: &[u64]) -> Option<LiveSnapshot> {
    let [pid, boot, phase, step, since, until, ok, failed, ..] = words[FIRST..] else {
        return None;
    };
    let [kinds, unnamed, held_until, held_by, late, mail, mailed] = words[FIRST + 8..OLDER] else {
        return None;
    };
    let [since, until, late, mail, mailed] = [since, until, late, mail, mailed].map(mono);
    let limit = (late != Mono::BOOT).then_some(RunDeadlines {
        late,
        mail,
        mailed: (mailed != Mono::BOOT).then_some(mailed),
    });
    let step = usize::try_from(step).ok()?;
    let doing = match phase {
        0 => Activity::Nothing,
        1 => Activity::Running { step, since, limit },
        2 => Activity::Sleeping { step, since, until },
        _ => return None,
    };
    let at = |word: u64| (word != 0).then(|| mono(word));
    let count = usize::try_from(words[COUNT]).ok()?.min(MOST_TASKS);
    let tasks = words[TASKS..TASKS + 2 * count].chunks_exact(2);
    Some(LiveSnapshot {
        pid: u32::try_from(pid).ok()?,
        boot,
        doing,
        runs: (ok, failed),
        held_back: (kinds > 0).then_some(HeldBackCounts {
            kinds,
            unnamed,
            until: mono(held_until),
            limit: held_by,
        }),
        unkept: UnwrittenData {
            history: at(words[HISTORY]),
            memory: at(words[MEMORY]),
            mails: words[MAILS],
        },
        tasks: tasks.map(|words| fares(words[0], words[1])).collect(),
    })
}

fn fares(since: u64, failures: u64) -> TaskFares {
    match (since, failures) {
        (0, 0) => TaskFares::Unknown,
        (_, 0) => TaskFares::Well,
        (since, failures) => TaskFares::Down {
            since: mono(since),
            failures,
        },
    }
}
