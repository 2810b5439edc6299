//! Secrets of 256 random bits, and what is stored of them.

use std::fmt;
use std::io;

use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// How many bytes a secret and its digest have.
const BYTES: usize = 32;
/// What a token begins with, so that programs which look for secrets find it.
const PREFIX: &str = "rf_";

/// A secret of 256 random bits, as text. Its debug form hides it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretText(String);

/// The SHA-256 of a secret: all that is stored of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SecretDigest([u8; BYTES]);

impl SecretText {
    /// Creates a secret.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = [0_u8; BYTES];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| io::Error::other("the system gives no random bytes"))?;
        Ok(SecretText(format!("{PREFIX}{}", hex(&bytes))))
    }

    /// Parses what was sent; `None` for what has not the form of a secret.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_ascii().strip_prefix(PREFIX)?;
        let is_whole = digits.len() == 2 * BYTES && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_whole.then(|| SecretText(format!("{PREFIX}{}", digits.to_ascii_lowercase())))
    }

    /// Returns the text. It is printed once, and never logged.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns what is stored.
    pub(crate) fn digest(&self) -> SecretDigest {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(digest(&SHA256, self.0.as_bytes()).as_ref());
        SecretDigest(bytes)
    }

    /// Returns a second secret that is derived from this one.
    pub(crate) fn derived(&self, purpose: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        hex(hmac::sign(&key, purpose.as_bytes()).as_ref())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}

impl SecretDigest {
    /// Returns the bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Compares with stored bytes, in a time that does not depend on where they differ.
    pub(crate) fn is(&self, stored: &[u8]) -> bool {
        is_same_secret(&self.0, stored)
    }
}

/// Compares two secrets in a time that does not depend on where they differ.
pub(crate) fn is_same_secret(one: &[u8], other: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"run_functions");
    hmac::verify(&key, one, hmac::sign(&key, other).as_ref()).is_ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
