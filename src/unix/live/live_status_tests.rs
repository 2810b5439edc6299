use super::super::memory::NAME;
use super::super::read::{glimpse, glimpse_of};
use super::super::words::MAGIC;
use super::*;
use crate::core::event::RunDeadlines;
use crate::unix::procfs;

fn page() -> (File, LiveStatus) {
    let file = tempfile::tempfile().unwrap();
    let live = LiveStatus::begin(Some(file.try_clone().unwrap()), 42, 77, 3);
    (file, live)
}

#[test]
fn what_is_told_can_be_seen_during_and_after() {
    let (file, mut live) = page();
    let since = Mono::from_nanos(5);
    let doing = Activity::Sleeping {
        step: 2,
        since,
        until: Mono::from_nanos(-7),
    };
    assert_eq!(glimpse(&file).unwrap().doing, Activity::Nothing);
    live.count_failure(0, since);
    live.count_success(0);
    live.count_failure(1, since);
    live.count_failure(1, Mono::from_nanos(9));
    live.count_success(1000);
    live.tell(doing);
    let held_back = Some(HeldBackCounts {
        kinds: 3,
        unnamed: 9,
        until: Mono::from_nanos(-1),
        limit: 2,
    });
    live.hold_back(held_back);
    let unkept = UnwrittenData {
        history: Some(since),
        memory: None,
        mails: 4,
    };
    live.unkept(unkept);
    let failures = 2;
    let expected = LiveSnapshot {
        pid: 42,
        boot: 77,
        doing,
        runs: (2, 3),
        held_back,
        unkept,
        tasks: vec![
            TaskFares::Well,
            TaskFares::Down { since, failures },
            TaskFares::Unknown,
        ],
    };
    assert_eq!(glimpse(&file), Some(expected.clone()));
    drop(live);
    assert_eq!(glimpse(&file), Some(expected));
}

#[test]
fn a_run_has_a_limit_unless_an_older_program_began_it() {
    let (file, mut live) = page();
    let running = |mailed| Activity::Running {
        step: 1,
        since: Mono::from_nanos(5),
        limit: Some(RunDeadlines {
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
    let older = Activity::Running {
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
fn the_page_of_an_older_program_is_read_unless_it_died_in_the_middle() {
    let file = tempfile::tempfile().unwrap();
    let mut words = [0_u64; SIZE / 8];
    (words[0], words[1], words[2]) = (MAGIC, 8, 42);
    let bytes =
        |words: &[u64]| -> Vec<u8> { words.iter().flat_map(|word| word.to_ne_bytes()).collect() };
    file.write_all_at(&bytes(&words), 0).unwrap();
    let seen = glimpse(&file).unwrap();
    assert_eq!((seen.pid, seen.tasks.len()), (42, 0));
    assert_eq!(seen.unkept, UnwrittenData::default());
    words[1] = 9;
    file.write_all_at(&bytes(&words), 0).unwrap();
    assert_eq!(glimpse(&file), None);
}

#[test]
fn a_page_that_is_not_whole_is_not_believed() {
    let (file, mut live) = page();
    live.tell(Activity::Nothing);
    file.write_all_at(&[1], 8 * 7).unwrap();
    assert_eq!(glimpse(&file), None);
}

#[test]
fn a_file_that_is_cut_short_or_gone_is_no_end_and_memory_still_tells() {
    let (file, mut live) = page();
    file.set_len(0).unwrap();
    live.count_success(0);
    live.tell(Activity::Nothing);
    assert_eq!(glimpse(&file).unwrap().runs, (1, 0));
    live.file = Some(File::open("/dev/full").unwrap());
    live.count_success(0);
    live.tell(Activity::Nothing);
    let own = i32::try_from(std::process::id()).unwrap();
    // Other tests of this process have pages of their own.
    let target = format!("/memfd:{NAME} (deleted)");
    let pages = procfs::descriptors(own).into_iter();
    let pages = pages.filter(|page| page.target.as_os_str() == target.as_str());
    let seen = pages.filter_map(|page| glimpse(&page.open().ok()?));
    assert!(seen.into_iter().any(|seen| seen.runs == (2, 0)));
    assert!(glimpse_of(own).is_some());
}

#[test]
fn a_very_long_chain_fits_into_the_page() {
    let file = tempfile::tempfile().unwrap();
    let mut live = LiveStatus::begin(Some(file.try_clone().unwrap()), 1, 1, 100_000);
    live.count_failure(99_999, Mono::BOOT);
    live.tell(Activity::Nothing);
    let seen = glimpse(&file).unwrap();
    assert_eq!((seen.tasks.len(), seen.runs), (MOST_TASKS, (0, 1)));
    assert!(file.metadata().unwrap().len() <= SIZE as u64);
}

#[test]
fn runs_that_are_quick_and_well_cost_no_write_to_the_file_and_are_seen_in_memory() {
    let (file, mut live) = page();
    let running = |nanos| Activity::Running {
        step: 0,
        since: Mono::from_nanos(nanos),
        limit: None,
    };
    live.tell(running(10));
    live.count_success(0);
    live.tell(running(20));
    assert_eq!(glimpse(&file).unwrap().doing, running(10));
    let memory = live.memory.as_ref().unwrap();
    assert_eq!(glimpse(memory.file()).unwrap().doing, running(20));
    live.tell(running(2_000_000));
    assert_eq!(glimpse(&file).unwrap().doing, running(2_000_000));
    // A run after which the runner may be gone is always in the file.
    live.count_failure(0, Mono::from_nanos(2_000_000));
    live.tell(running(2_000_010));
    assert_eq!(glimpse(&file).unwrap().doing, running(2_000_010));
    let doing = Activity::Sleeping {
        step: 0,
        since: Mono::from_nanos(2_000_020),
        until: Mono::NEVER,
    };
    live.tell(doing);
    assert_eq!(glimpse(&file).unwrap().doing, doing);
}

#[test]
fn nobody_can_cut_the_memory_short() {
    let (_file, live) = page();
    let file = live.memory.as_ref().unwrap().file();
    file.set_len(0).unwrap_err();
}
