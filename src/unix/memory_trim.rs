//! Gives back what a runner needed in order to begin, and does not need while it sleeps.
//!
//! To read a command line and a configuration takes most of the code of this program once. The
//! system counts those pages as ours as long as they are mapped, though nothing is in them that is
//! not in the file. They come back by themselves when they are needed again.

use std::ffi::c_void;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::ptr::NonNull;
use std::time::Duration;

use nix::sys::mman::{MmapAdvise, madvise};

/// A pause that is worth it the first time …
const FIRST: Duration = Duration::from_secs(1);
/// … and each time.
const LONG: Duration = Duration::from_secs(60);

/// Keeps account of what was given back.
#[derive(Debug, Default)]
pub(crate) struct MemoryTrim {
    is_small: bool,
}

impl MemoryTrim {
    /// Gives back what is not needed in a pause of this length, if it is worth it.
    pub(crate) fn rest(&mut self, pause: Duration) {
        let worth = if self.is_small { LONG } else { FIRST };
        if pause >= worth {
            self.is_small = true;
            // Without /proc we stay as large as we are.
            let _ = unmap_unchanged();
            trim_heap();
        }
    }
}

/// Unmaps the pages of our program and of the C library that are the same in the file.
fn unmap_unchanged() -> io::Result<()> {
    let code = loaded_code();
    let mut current = None;
    for line in BufReader::new(File::open("/proc/self/smaps")?).lines() {
        let line = line?;
        if let Some(mapping) = Mapping::parse(&line) {
            current = Some(mapping);
        } else if let Some(mapping) = &mut current {
            mapping.note(&line);
            // The last line of each.
            if line.starts_with("VmFlags:") {
                mapping.give_back(&code);
                current = None;
            }
        }
    }
    Ok(())
}

/// Returns where the code and the constants of our program and of the C library are. Those stay
/// where they are until we end, which a library that somebody loads and unloads does not.
fn loaded_code() -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // SAFETY: the callback is given a valid list of headers while it is called, and the pointer
    // that it is to be given, to a vector that lives longer than the call.
    #[expect(unsafe_code, reason = "dl_iterate_phdr(3) is told to C alone")]
    unsafe {
        libc::dl_iterate_phdr(Some(note_object), (&raw mut found).cast());
    }
    found
}

/// Adds the segments of one object that nobody can write to, if it is our program or the C library.
#[expect(unsafe_code, reason = "called by C")]
unsafe extern "C" fn note_object(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    found: *mut c_void,
) -> i32 {
    // SAFETY: see `loaded_code`; nobody else has these while we are called.
    let (info, found) = unsafe { (&*info, &mut *found.cast::<Vec<Range<usize>>>()) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the loader says that there are so many headers.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let loaded = headers
        .iter()
        .filter(|header| header.p_type == libc::PT_LOAD);
    let segments: Vec<(Range<usize>, bool)> = loaded
        .map(|header| {
            let start = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
            let end = start.wrapping_add(header.p_memsz as usize);
            (start..end, header.p_flags & libc::PF_W == 0)
        })
        .collect();
    let marks = [
        unmap_unchanged as fn() -> io::Result<()> as usize,
        libc::dl_iterate_phdr as *const () as usize,
    ];
    let holds_mark = |range: &Range<usize>| marks.iter().any(|mark| range.contains(mark));
    if segments.iter().any(|(range, _)| holds_mark(range)) {
        let fixed = segments.into_iter().filter(|(_, fixed)| *fixed);
        found.extend(fixed.map(|(range, _)| range));
    }
    0
}

/// A mapping of this process, as `/proc/self/smaps` shows it; see proc_pid_smaps(5).
#[derive(Debug, PartialEq, Eq)]
struct Mapping {
    start: usize,
    length: usize,
    /// Whether this process can only read it.
    is_fixed: bool,
    /// Whether a page of it is ours alone: relocated, or with a breakpoint of a debugger in it.
    is_changed: bool,
}

impl Mapping {
    /// Parses the first line of each: `5581a000-5582b000 r-xp 00003000 fe:00 1234    /usr/bin/x`.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let start = usize::from_str_radix(start, 16).ok()?;
        let end = usize::from_str_radix(end, 16).ok()?;
        let access = words.next()?;
        Some(Mapping {
            start,
            length: end.checked_sub(start)?,
            is_fixed: matches!(access, "r--p" | "r-xp"),
            is_changed: false,
        })
    }

    /// Takes note of one of its counts, such as `Anonymous:   132 kB`.
    fn note(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        if let Some("Anonymous:" | "Swap:") = words.next() {
            self.is_changed |= words.next() != Some("0");
        }
    }

    /// The loader maps whole pages, so that what is mapped may begin before the segment.
    fn begins_in(&self, code: &Range<usize>) -> bool {
        code.start < self.start.saturating_add(self.length) && self.start < code.end
    }

    /// Gives back what lies in one of these, if nothing of it is changed.
    fn give_back(&self, code: &[Range<usize>]) {
        if !self.is_fixed || self.is_changed || !code.iter().any(|code| self.begins_in(code)) {
            return;
        }
        let Some(start) = NonNull::new(std::ptr::with_exposed_provenance_mut(self.start)) else {
            return;
        };
        // SAFETY: the mapping is a segment of a loaded file that stays as long as we run, this
        // process cannot write to it, and no page of it differs from the file: each is the same
        // when it is read again.
        #[expect(unsafe_code, reason = "madvise(2) of our own code")]
        let _ = unsafe { madvise(start, self.length, MmapAdvise::MADV_DONTNEED) };
    }
}

#[cfg(target_env = "gnu")]
fn trim_heap() {
    // SAFETY: malloc_trim(3) may be called at any time by any thread; it touches free memory only.
    #[expect(unsafe_code, reason = "std has no way to say so")]
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(target_env = "gnu"))]
fn trim_heap() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_written_or_is_changed_is_kept() {
        let mapping = |line: &str| Mapping::parse(line).unwrap();
        let code = mapping("5581a000-5582b000 r-xp 00003000 fe:00 1234      /usr/bin/x");
        assert_eq!((code.start, code.length), (0x5581_a000, 0x1_1000));
        assert!(code.is_fixed && !code.is_changed);
        assert!(!mapping("7f00a000-7f00b000 rw-p 00000000 fe:00 1234 /usr/bin/x").is_fixed);
        assert!(!mapping("7f00a000-7f00b000 r--s 00000000 fe:00 1234 /run/x.live").is_fixed);
        assert_eq!(Mapping::parse("Rss:                 132 kB"), None);
        let mut relocated = code;
        relocated.note("Swap:                  0 kB");
        assert!(!relocated.is_changed);
        relocated.note("Anonymous:           132 kB");
        assert!(relocated.is_changed);
    }

    #[test]
    fn our_own_code_is_found_and_nothing_that_can_be_written() {
        static CONSTANT: [u8; 3] = *b"abc";
        static VARIABLE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(7);
        let code = loaded_code();
        let holds = |address: usize| code.iter().any(|range| range.contains(&address));
        assert!(holds(unmap_unchanged as fn() -> io::Result<()> as usize));
        assert!(holds((&raw const CONSTANT).addr()));
        assert!(!holds((&raw const VARIABLE).addr()));
        let local = 1;
        assert!(!holds((&raw const local).addr()));
    }

    #[test]
    fn a_process_goes_on_after_it() {
        let mut footprint = MemoryTrim::default();
        footprint.rest(Duration::from_millis(999));
        assert!(!footprint.is_small);
        footprint.rest(FIRST);
        assert!(footprint.is_small);
        footprint.rest(LONG);
        assert_eq!(format!("{footprint:?}"), "MemoryTrim { is_small: true }");
    }
}
