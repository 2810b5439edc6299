//! What servers and networks do to a holder and a standby, whichever engine it is.

use std::time::{Duration, Instant};

use run_functions::lock::{Lock, LockAttempt, LockError, LockRenewal, boot_clock};

use crate::conformance::{Ground, acquired_soon, is_held, owner};
use crate::proxy::{Proxy, Weather};
use crate::servers::eventually;

/// How soon a call returns, whatever happens.
const SOON: Duration = Duration::from_secs(30);

#[track_caller]
pub(crate) fn is_unreachable<T: std::fmt::Debug>(result: Result<T, LockError>) {
    assert!(
        matches!(result, Err(LockError::Unreachable { .. })),
        "{result:?}"
    );
}

/// Renews until the server answers.
#[track_caller]
pub(crate) fn renewed_soon(lock: &mut dyn Lock) {
    let mut last = None;
    eventually("the lock is renewed", || {
        let result = lock.renew();
        let is_renewed = matches!(result, Ok(LockRenewal::Renewed { .. }));
        assert!(is_renewed || result.is_err(), "{result:?} after {last:?}");
        last = Some(result);
        is_renewed
    });
}

/// A server that is away, in every manner, and comes back within the lease.
pub(crate) fn a_server_may_be_away_for_a_while(
    proxied: &dyn Ground,
    proxy: &Proxy,
    direct: &dyn Ground,
) {
    let (mut here, mut there) = (proxied.open("away"), direct.open("away"));
    acquired_soon(here.as_mut());
    for weather in [
        Weather::Cut,
        Weather::Blackhole,
        Weather::Delay(Duration::from_secs(60)),
    ] {
        proxy.set(weather.clone());
        let start = Instant::now();
        is_unreachable(here.renew());
        assert!(start.elapsed() < SOON, "{weather:?}");
        proxy.set(Weather::Fair);
        renewed_soon(here.as_mut());
        is_held(there.as_mut());
    }
    proxy.set(Weather::Delay(Duration::from_millis(20)));
    renewed_soon(here.as_mut());
    proxy.set(Weather::Fair);
    here.release().unwrap();
}

/// A standby without a server waits, and keeps no processor busy; an interrupt ends that, too.
pub(crate) fn a_standby_waits_for_a_server_that_is_away(proxied: &dyn Ground, proxy: &Proxy) {
    let mut standby = proxied.open("standby");
    proxy.set(Weather::Cut);
    let start = Instant::now();
    is_unreachable(standby.acquire(&owner("nightly")));
    is_unreachable(standby.wait(Duration::from_secs(2)));
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    proxy.set(Weather::Fair);
    acquired_soon(standby.as_mut());
    standby.release().unwrap();
}

/// The answer to an acquisition, a renewal and a release is lost; what was asked for happened.
pub(crate) fn an_answer_may_be_lost(
    proxied: &dyn Ground,
    proxy: &Proxy,
    direct: &dyn Ground,
    texts: [&str; 3],
) {
    let (mut here, mut there) = (proxied.open("answers"), direct.open("answers"));
    let [acquire, renew, release] = texts;
    acquired_soon(here.as_mut());
    here.release().unwrap();
    proxy.lose_answer_to(acquire);
    let before = boot_clock();
    let (fence, sent) = match here.acquire(&owner("nightly")) {
        Ok(LockAttempt::Acquired { fence, sent }) => (fence, sent),
        _ => acquired_soon(here.as_mut()),
    };
    assert!(sent >= before && proxy.has_lost_it());
    is_held(there.as_mut());
    proxy.lose_answer_to(renew);
    let _ = here.renew();
    assert!(proxy.has_lost_it());
    renewed_soon(here.as_mut());
    proxy.lose_answer_to(release);
    here.release().unwrap();
    assert!(proxy.has_lost_it());
    let (next, _) = acquired_soon(there.as_mut());
    assert!(next > fence);
    there.release().unwrap();
}

/// A call that has no answer is ended by an interrupt.
pub(crate) fn an_interrupt_ends_a_call(proxied: &dyn Ground, proxy: &Proxy) {
    let mut lock = proxied.open("calls");
    acquired_soon(lock.as_mut());
    proxy.set(Weather::Blackhole);
    let interrupt = lock.interrupter();
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        interrupt();
    });
    let renewed = lock.renew();
    sender.join().unwrap();
    assert_eq!(renewed, Err(LockError::Interrupted));
    proxy.set(Weather::Fair);
    renewed_soon(lock.as_mut());
    lock.release().unwrap();
}

/// A host that is cut off loses the lock, not before its lease is over, and knows it afterwards.
pub(crate) fn a_host_that_is_cut_off_loses_the_lock(
    proxied: &dyn Ground,
    proxy: &Proxy,
    direct: &dyn Ground,
) {
    let (mut here, mut there) = (proxied.open("cut"), direct.open("cut"));
    let (first, mut sent) = acquired_soon(here.as_mut());
    if let Ok(LockRenewal::Renewed { sent: renewed }) = here.renew() {
        sent = renewed;
    }
    proxy.set(Weather::Blackhole);
    let (second, _) = acquired_soon(there.as_mut());
    let passed = boot_clock().since(sent);
    assert!(passed >= here.terms().lost_after, "{passed:?}");
    assert!(second > first);
    is_unreachable(here.renew());
    proxy.set(Weather::Fair);
    eventually("the loss is known", || {
        matches!(here.renew(), Ok(LockRenewal::Lost { .. }))
    });
    there.release().unwrap();
}
