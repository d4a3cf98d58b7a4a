//! Plates → keyed tokens. The plain plate goes no further than this file.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};

/// Makes tokens from plates with a secret key.
///
/// **Method.** HMAC-SHA-256 (RFC 2104) of the normalised plate, first 16 bytes as 32 hex digits: equal plates give equal
/// tokens under one key, and without the key a token cannot be tried against a list of plates.
pub struct Tokens {
    keyed: Hmac<Sha256>,
    plate: Vec<u8>,
    hex: [u8; 32],
}

impl Tokens {
    /// Tokens under a key.
    ///
    /// # Errors
    /// `Bug` if the key has fewer than 16 bytes.
    pub fn new(key: &[u8]) -> Result<Self> {
        if key.len() < 16 {
            return Err(Error::bug("a plate key has at least 16 bytes"));
        }
        let keyed = <Hmac<Sha256> as KeyInit>::new_from_slice(key)
            .map_err(|cause| Error::bug("the plate key was refused").with_cause(cause))?;
        Ok(Self { keyed, plate: Vec::with_capacity(16), hex: [0; 32] })
    }

    /// Token of a plate; `None` if it has no letter or digit.
    ///
    /// # Example
    /// ```
    /// use vigie::ingest::pseudonym::Tokens;
    /// let mut tokens = Tokens::new(&[7; 32])?;
    /// let token = tokens.token(b"j 123-456").map(str::to_owned);
    /// assert_eq!(token.as_deref(), tokens.token(b"J123456"));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn token(&mut self, plate: &[u8]) -> Option<&str> {
        normalise(plate, &mut self.plate);
        if self.plate.is_empty() {
            return None;
        }
        let mut mac = self.keyed.clone();
        mac.update(&self.plate);
        let digest = mac.finalize().into_bytes();
        for (pair, byte) in self.hex.chunks_exact_mut(2).zip(&digest) {
            pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        std::str::from_utf8(&self.hex).ok()
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Letters and digits only, upper case, so that `j 123-456` and `J123456` are one vehicle.
fn normalise(plate: &[u8], into: &mut Vec<u8>) {
    into.clear();
    if plate.is_ascii() {
        into.extend(plate.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase));
        return;
    }
    let mut upper = String::new();
    for letter in String::from_utf8_lossy(plate).chars().filter(|letter| letter.is_alphanumeric()) {
        // Writing to a string cannot fail.
        let _ = write!(upper, "{}", letter.to_uppercase());
    }
    into.extend_from_slice(upper.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_the_start_of_the_hmac() {
        // RFC 4231, test case 1: key of 20 bytes 0x0b, data "Hi There" — normalised here to "HITHERE", so computed anew.
        let mut tokens = Tokens::new(&[0x0b; 20]).unwrap();
        let token = tokens.token(b"Hi There").unwrap().to_owned();
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&[0x0b; 20]).unwrap();
        mac.update(b"HITHERE");
        let digest = mac.finalize().into_bytes();
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(token, hex);
    }

    #[test]
    fn spelling_does_not_matter_but_the_key_does() {
        let mut tokens = Tokens::new(&[1; 32]).unwrap();
        let one = tokens.token(b"J 999 123").unwrap().to_owned();
        assert_eq!(tokens.token(b"j999-123"), Some(one.as_str()));
        assert_ne!(tokens.token(b"J999124"), Some(one.as_str()));
        assert_ne!(Tokens::new(&[2; 32]).unwrap().token(b"J999123"), Some(one.as_str()));
        assert_eq!(
            tokens.token(" \u{fc}1".as_bytes()).map(str::to_owned),
            tokens.token("\u{dc}1".as_bytes()).map(str::to_owned)
        );
    }

    #[test]
    fn blank_plates_have_no_token_and_short_keys_are_refused() {
        let mut tokens = Tokens::new(&[1; 16]).unwrap();
        assert_eq!(tokens.token(b""), None);
        assert_eq!(tokens.token(b" - "), None);
        assert!(Tokens::new(b"short").is_err());
    }
}
