//! What a runner is doing right now, in a page of memory that is a file: it costs no system call to tell, anybody may look at any
//! time, and it outlives a `kill -9` (not a power cut: then nothing of it matters any more).
//!
//! The page is an array of 64-bit words. The writer makes word 1 odd, writes, and makes it even again; a reader that saw an odd or a
//! changed word 1 reads again (a sequence lock).

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use crate::event::{Limit, Step};
use crate::time::Mono;

const SIZE: usize = 4096;
const MAGIC: u64 = u64::from_le_bytes(*b"rf-live1");
const WORDS: usize = 15;
/// Word 0 is the magic number, word 1 the sequence, the rest is what is told.
const FIRST: usize = 2;

/// What a runner is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Nothing yet, or no more.
    Nothing,
    /// A run goes on.
    Running {
        /// Of this task.
        step: Step,
        /// Since then.
        since: Mono,
        /// How long it may; `None`: its runner does not say.
        limit: Option<Limit>,
    },
    /// A cooldown passes.
    Sleeping {
        /// After this task.
        step: Step,
        /// Since then.
        since: Mono,
        /// Until then.
        until: Mono,
    },
}

/// What is read off the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glimpse {
    /// Who wrote it.
    pub(crate) pid: u32,
    /// The boot in which the times hold.
    pub(crate) boot: u64,
    /// What it does, or did when it died.
    pub(crate) doing: Doing,
    /// How many runs ended well, and how many failed, since it started.
    pub(crate) runs: (u64, u64),
    /// What its alerts hold back.
    pub(crate) held_back: Option<HeldBack>,
}

/// Failures that no mail has told of, in numbers: what they mean is known to alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldBack {
    /// How many kinds of failure, at least one.
    pub(crate) kinds: u64,
    /// How many failures more.
    pub(crate) unnamed: u64,
    /// Until when.
    pub(crate) until: Mono,
    /// The number of the limit.
    pub(crate) limit: u64,
}

/// The writer's side.
#[derive(Debug)]
pub(crate) struct Live {
    page: NonNull<AtomicU64>,
    told: Glimpse,
}

// SAFETY: the mapping belongs to this value alone and is accessed by atomic operations only.
#[expect(unsafe_code, reason = "a raw pointer to our own mapping")]
unsafe impl Send for Live {}

impl Live {
    /// Takes over the page. The file is made as long as a page first, so that its memory is there.
    ///
    /// # Errors
    ///
    /// When the disk is full or the file system maps no files.
    pub(crate) fn begin(file: &File, pid: u32, boot: u64) -> io::Result<Self> {
        file.write_all_at(&[0; SIZE], 0)?;
        let size = NonZeroUsize::new(SIZE).expect("a page is not empty");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a fresh mapping at an address that the kernel chooses aliases nothing of ours.
        #[expect(unsafe_code, reason = "mmap(2) of a file")]
        let page = unsafe { mmap(None, size, access, MapFlags::MAP_SHARED, file, 0)? };
        let told = Glimpse {
            pid,
            boot,
            doing: Doing::Nothing,
            runs: (0, 0),
            held_back: None,
        };
        let mut live = Live {
            page: page.cast(),
            told,
        };
        live.word(0).store(MAGIC, Ordering::Relaxed);
        live.tell(Doing::Nothing);
        Ok(live)
    }

    /// Tells what the runner does from now on.
    pub(crate) fn tell(&mut self, doing: Doing) {
        self.told.doing = doing;
        self.write();
    }

    /// Tells that it was mailed that the run goes on for too long.
    pub(crate) fn mailed(&mut self, at: Mono) {
        if let Doing::Running {
            limit: Some(limit), ..
        } = &mut self.told.doing
        {
            limit.mailed = Some(at);
            self.write();
        }
    }

    /// Tells what alerts hold back from now on.
    pub(crate) fn hold_back(&mut self, held_back: Option<HeldBack>) {
        if self.told.held_back != held_back {
            self.told.held_back = held_back;
            self.write();
        }
    }

    fn write(&mut self) {
        let sequence = self.word(1).load(Ordering::Relaxed);
        self.word(1).store(sequence | 1, Ordering::Relaxed);
        fence(Ordering::Release);
        for (index, value) in encode(&self.told).into_iter().enumerate() {
            self.word(FIRST + index).store(value, Ordering::Relaxed);
        }
        self.word(1)
            .store((sequence | 1).wrapping_add(1), Ordering::Release);
    }

    /// Counts a run that ended well.
    pub(crate) fn count_success(&mut self) {
        self.told.runs.0 += 1;
    }

    /// Counts a run that failed.
    pub(crate) fn count_failure(&mut self) {
        self.told.runs.1 += 1;
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        debug_assert!(index < FIRST + WORDS);
        // SAFETY: the page has 512 words, is mapped as long as `self` lives, and is zeroed memory, which is a valid `AtomicU64`.
        #[expect(unsafe_code, reason = "a word of our own mapping")]
        unsafe {
            self.page.add(index).as_ref()
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // SAFETY: this is the address and the size of the mapping that `begin` made, and no reference into it outlives `self`.
        #[expect(unsafe_code, reason = "munmap(2) of our own mapping")]
        let _ = unsafe { munmap(self.page.cast(), SIZE) };
    }
}

/// Reads the page of a runner that lives, or of one that died. `None` when the file is not such a page.
pub(crate) fn glimpse(file: &File) -> Option<Glimpse> {
    const MOST_TRIES: usize = 100;
    (0..MOST_TRIES).find_map(|_| {
        let words = read(file)?;
        let whole = words[1] % 2 == 0 && read(file)?[1] == words[1];
        whole.then(|| decode(&words[FIRST..]))
    })?
}

fn read(file: &File) -> Option<[u64; FIRST + WORDS]> {
    let mut bytes = [0; (FIRST + WORDS) * 8];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let mut words = [0; FIRST + WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_ne_bytes(bytes.try_into().expect("chunks of eight"));
    }
    (words[0] == MAGIC).then_some(words)
}

fn encode(glimpse: &Glimpse) -> [u64; WORDS] {
    let (phase, step, since, until, limit) = match glimpse.doing {
        Doing::Nothing => (0, 0, Mono::BOOT, Mono::BOOT, None),
        Doing::Running { step, since, limit } => (1, step, since, Mono::BOOT, limit),
        Doing::Sleeping { step, since, until } => (2, step, since, until, None),
    };
    // Zeros, as a page has them that an older program wrote, are none.
    let limit = limit.map_or([Mono::BOOT; 3], |limit| {
        [limit.late, limit.mail, limit.mailed.unwrap_or(Mono::BOOT)]
    });
    let [late, mail, mailed] = limit.map(|mono| mono.as_nanos().cast_unsigned());
    let (ok, failed) = glimpse.runs;
    let times = [since, until].map(|mono| mono.as_nanos().cast_unsigned());
    let pid = u64::from(glimpse.pid);
    let [kinds, unnamed, held_until, held_by] = glimpse.held_back.map_or([0; 4], |held| {
        let until = held.until.as_nanos().cast_unsigned();
        [held.kinds, held.unnamed, until, held.limit]
    });
    [
        pid,
        glimpse.boot,
        phase,
        step as u64,
        times[0],
        times[1],
        ok,
        failed,
        kinds,
        unnamed,
        held_until,
        held_by,
        late,
        mail,
        mailed,
    ]
}

fn decode(words: &[u64]) -> Option<Glimpse> {
    let [pid, boot, phase, step, since, until, ok, failed, ..] = *words else {
        return None;
    };
    let [.., kinds, unnamed, held_until, held_by, late, mail, mailed] = *words else {
        return None;
    };
    let [since, until, held_until, late, mail, mailed] =
        [since, until, held_until, late, mail, mailed]
            .map(|nanos| Mono::from_nanos(nanos.cast_signed()));
    let limit = (late != Mono::BOOT).then_some(Limit {
        late,
        mail,
        mailed: (mailed != Mono::BOOT).then_some(mailed),
    });
    let step = usize::try_from(step).ok()?;
    let doing = match phase {
        0 => Doing::Nothing,
        1 => Doing::Running { step, since, limit },
        2 => Doing::Sleeping { step, since, until },
        _ => return None,
    };
    Some(Glimpse {
        pid: u32::try_from(pid).ok()?,
        boot,
        doing,
        runs: (ok, failed),
        held_back: (kinds > 0).then_some(HeldBack {
            kinds,
            unnamed,
            until: held_until,
            limit: held_by,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_can_be_seen_during_and_after() {
        let file = tempfile::tempfile().unwrap();
        let since = Mono::from_nanos(5);
        let doing = Doing::Sleeping {
            step: 2,
            since,
            until: Mono::from_nanos(-7),
        };
        let mut live = Live::begin(&file, 42, 77).unwrap();
        assert_eq!(glimpse(&file).unwrap().doing, Doing::Nothing);
        live.count_success();
        live.count_failure();
        live.count_failure();
        live.tell(doing);
        let held_back = Some(HeldBack {
            kinds: 3,
            unnamed: 9,
            until: Mono::from_nanos(-1),
            limit: 2,
        });
        live.hold_back(held_back);
        let expected = Glimpse {
            pid: 42,
            boot: 77,
            doing,
            runs: (1, 2),
            held_back,
        };
        assert_eq!(glimpse(&file), Some(expected));
        drop(live);
        assert_eq!(glimpse(&file), Some(expected));
    }

    #[test]
    fn a_run_has_a_limit_unless_an_older_program_began_it() {
        let file = tempfile::tempfile().unwrap();
        let mut live = Live::begin(&file, 42, 77).unwrap();
        let running = |mailed| Doing::Running {
            step: 1,
            since: Mono::from_nanos(5),
            limit: Some(Limit {
                late: Mono::from_nanos(6),
                mail: Mono::NEVER,
                mailed,
            }),
        };
        live.tell(running(None));
        assert_eq!(glimpse(&file).unwrap().doing, running(None));
        let mailed = Mono::from_nanos(-3);
        live.mailed(mailed);
        assert_eq!(glimpse(&file).unwrap().doing, running(Some(mailed)));
        let (step, since) = (1, Mono::from_nanos(5));
        let older = Doing::Running {
            step,
            since,
            limit: None,
        };
        live.tell(older);
        live.mailed(mailed);
        assert_eq!(glimpse(&file).unwrap().doing, older);
    }

    #[test]
    fn what_is_not_such_a_page_is_nothing() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(glimpse(&file), None);
        file.write_all_at(b"{\"version\": 1}", 0).unwrap();
        assert_eq!(glimpse(&file), None);
        file.write_all_at(&[0xff; SIZE], 0).unwrap();
        assert_eq!(glimpse(&file), None);
    }

    #[test]
    fn a_writer_that_died_in_the_middle_is_not_believed() {
        let file = tempfile::tempfile().unwrap();
        let live = Live::begin(&file, 1, 1).unwrap();
        live.word(1).store(3, Ordering::Relaxed);
        drop(live);
        assert_eq!(glimpse(&file), None);
    }
}
