//! Where a static program looks up users, groups and hosts.
//!
//! What `/etc/nsswitch.conf` names beside files and DNS, glibc loads as a shared library. In a
//! statically linked program that crashes as soon as a name is not found elsewhere, so there glibc
//! is told to use what is inside, and nothing else.

/// Makes each later look-up do without libraries, in a program that was linked statically with
/// glibc. Called first thing in `main`.
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
pub(crate) fn load_no_libraries() {
    const INSIDE: [(&std::ffi::CStr, &std::ffi::CStr); 5] = [
        (c"passwd", c"files"),
        (c"group", c"files"),
        (c"initgroups", c"files"),
        (c"hosts", c"files dns"),
        (c"services", c"files"),
    ];
    for (database, services) in INSIDE {
        #[expect(unsafe_code, reason = "glibc alone knows how it looks names up")]
        // SAFETY: declared so in nss.h; both strings end with NUL and live for ever, and glibc
        // copies what it keeps. No other thread looks a name up yet.
        unsafe {
            __nss_configure_lookup(database.as_ptr(), services.as_ptr());
        }
    }
}

/// Does nothing: a program that is linked dynamically loads libraries as it likes.
#[cfg(not(all(target_env = "gnu", target_feature = "crt-static")))]
pub(crate) fn load_no_libraries() {}

#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
#[expect(unsafe_code, reason = "libc has no declaration of it")]
unsafe extern "C" {
    fn __nss_configure_lookup(
        database: *const libc::c_char,
        services: *const libc::c_char,
    ) -> libc::c_int;
}

/// Asks the name service for the canonical name of a host; `None`: the host is unknown. The answer
/// may take long.
pub(crate) fn canonical_name(host: &str) -> Option<String> {
    let host = std::ffi::CString::new(host).ok()?;
    // SAFETY: `addrinfo` is plain data, for which zeros are valid: no flags, any family, no
    // pointers.
    #[expect(unsafe_code, reason = "getaddrinfo takes a C structure")]
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_flags = libc::AI_CANONNAME;
    let mut found = std::ptr::null_mut();
    #[expect(
        unsafe_code,
        reason = "the standard library does not ask for the canonical name"
    )]
    // SAFETY: the name ends with NUL, hints and result outlive the call. On success `found` is a
    // list of at least one entry, whose name is null or ends with NUL; it is copied before the list
    // is freed, once.
    unsafe {
        if libc::getaddrinfo(
            host.as_ptr(),
            std::ptr::null(),
            &raw const hints,
            &raw mut found,
        ) != 0
        {
            return None;
        }
        let name = (*found).ai_canonname;
        let name = (!name.is_null()).then(|| std::ffi::CStr::from_ptr(name));
        let name = name.and_then(|name| name.to_str().ok()).map(str::to_owned);
        libc::freeaddrinfo(found);
        name
    }
}
