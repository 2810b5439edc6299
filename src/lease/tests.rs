use std::time::Duration;

use super::LeaseTerms;
use super::beat_watch::BeatWatch;
use crate::core::time::Mono;

#[test]
fn work_has_ended_a_fifth_of_the_lease_before_another_may_begin() {
    let terms = LeaseTerms::of_ttl(Duration::from_secs(15));
    assert_eq!(terms.beat, Duration::from_millis(3_750));
    let sent = Mono::BOOT + Duration::from_secs(100);
    let deadlines = terms.deadlines(sent);
    assert_eq!(deadlines.term_at.since(sent), Duration::from_secs(9));
    assert_eq!(deadlines.kill_at.since(sent), Duration::from_secs(12));
    assert_eq!(deadlines.lost_at.since(sent), Duration::from_secs(15));
    assert!(!terms.is_endless());
}

#[test]
fn no_clock_reaches_the_deadlines_of_an_endless_lease() {
    let deadlines = LeaseTerms::ENDLESS.deadlines(Mono::BOOT + Duration::from_secs(1));
    assert_eq!(deadlines.term_at, Mono::NEVER);
    assert_eq!(deadlines.lost_at, Mono::NEVER);
    assert!(LeaseTerms::ENDLESS.is_endless());
}

#[test]
fn a_beat_that_stands_for_the_lease_and_a_margin_is_that_of_a_dead_holder() {
    let mut watch = BeatWatch::default();
    let lease = Duration::from_secs(10);
    let at = |secs| Mono::BOOT + Duration::from_secs(secs);
    let dead = at(100) + Duration::from_millis(10_150);
    assert_eq!(watch.saw(7, at(100), lease), dead);
    assert_eq!(watch.saw(7, at(109), lease), dead, "it has not moved");
    let later = watch.saw(8, at(110), lease);
    assert_eq!(later.since(at(110)), Duration::from_millis(10_150));
    watch.forget();
    assert!(watch.saw(8, at(120), lease) > later);
}
