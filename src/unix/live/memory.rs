//! Memory of this process that others can read by its descriptor, and that no store into can fail:
//! it has no disk, its pages are there from the start, and nobody can cut it short
//! (memfd_create(2), "File sealing").

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use super::snapshot::{SIZE, WORDS};

/// What the memory is called among the descriptors of the runner.
pub(super) const NAME: &str = "run_functions.live";

/// A page, mapped.
#[derive(Debug)]
pub(super) struct SharedPage {
    /// Open as long as others may look.
    #[cfg_attr(not(test), expect(dead_code, reason = "held for those who look"))]
    file: File,
    page: NonNull<AtomicU64>,
}

// SAFETY: the mapping belongs to this value alone and is accessed by atomic operations only.
#[expect(unsafe_code, reason = "a raw pointer to our own mapping")]
unsafe impl Send for SharedPage {}

impl SharedPage {
    /// Makes a page of zeros.
    pub(super) fn new() -> io::Result<Self> {
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let file = File::from(memfd_create(NAME, flags)?);
        file.write_all_at(&[0; SIZE], 0)?;
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
        let size = NonZeroUsize::new(SIZE).expect("a page is not empty");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a fresh mapping at an address that the kernel chooses aliases nothing of ours.
        #[expect(unsafe_code, reason = "mmap(2) of memory that cannot shrink")]
        let page = unsafe { mmap(None, size, access, MapFlags::MAP_SHARED, &file, 0)? };
        Ok(SharedPage {
            file,
            page: page.cast(),
        })
    }

    /// Stores these words from the first on. Word 1, which must be even, is odd meanwhile.
    pub(super) fn store(&self, words: &[u64]) {
        self.word(1).store(words[1] | 1, Ordering::Relaxed);
        fence(Ordering::Release);
        for (index, value) in words.iter().enumerate() {
            if index != 1 {
                self.word(index).store(*value, Ordering::Relaxed);
            }
        }
        self.word(1).store(words[1], Ordering::Release);
    }

    #[cfg(test)]
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < WORDS, "the page has no word {index}");
        // SAFETY: the page has `WORDS` words, is mapped as long as `self` lives, and any bytes are
        // a valid `AtomicU64`.
        #[expect(unsafe_code, reason = "a word of our own mapping")]
        unsafe {
            self.page.add(index).as_ref()
        }
    }
}

impl Drop for SharedPage {
    fn drop(&mut self) {
        // SAFETY: this is the address and the size of the mapping that `new` made, and no reference
        // into it outlives `self`.
        #[expect(unsafe_code, reason = "munmap(2) of our own mapping")]
        let _ = unsafe { munmap(self.page.cast(), SIZE) };
    }
}
