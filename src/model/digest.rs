//! Digests as text.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Lower-case hex.
///
/// # Example
/// ```
/// assert_eq!(vigie::model::digest::hex(&[0, 255]), "00ff");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of some bytes, as lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
