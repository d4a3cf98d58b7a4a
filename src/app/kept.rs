//! Answers that were computed before and are still true: store versions never change.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;

/// The last few answers of one kind, by a key that names store version and question.
#[derive(Debug)]
pub(super) struct Kept<T, const MOST: usize> {
    answers: Mutex<Vec<(String, Arc<T>)>>,
    turn: tokio::sync::Mutex<()>,
}

impl<T, const MOST: usize> Default for Kept<T, MOST> {
    fn default() -> Self {
        Self { answers: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<T, const MOST: usize> Kept<T, MOST> {
    /// The answer with this key, if it is kept.
    pub fn find(&self, key: &str) -> Option<Arc<T>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().find(|(known, _)| known == key).map(|(_, answer)| Arc::clone(answer))
    }

    /// Keeps an answer; the oldest goes when there are too many.
    pub fn keep(&self, key: String, answer: &Arc<T>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.remove(0);
        }
        answers.push((key, Arc::clone(answer)));
    }

    /// The answer with this key, made if it is not kept. The tiles of a view arrive together: one of them makes the answer,
    /// the others wait for it.
    ///
    /// # Errors
    /// What `make` says.
    pub async fn find_or(&self, key: String, make: impl Future<Output = Result<T>>) -> Result<Arc<T>> {
        if let Some(answer) = self.find(&key) {
            return Ok(answer);
        }
        let _turn = self.turn.lock().await;
        if let Some(answer) = self.find(&key) {
            return Ok(answer);
        }
        let answer = Arc::new(make.await?);
        self.keep(key, &answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[tokio::test]
    async fn an_answer_is_made_once_and_the_oldest_goes() {
        let kept: Kept<u32, 2> = Kept::default();
        assert_eq!(*kept.find_or("a".into(), async { Ok(1) }).await.unwrap(), 1);
        let again = kept.find_or("a".into(), async { Err(Error::bug("made twice")) }).await;
        assert_eq!(*again.unwrap(), 1);
        assert!(kept.find_or("b".into(), async { Err(Error::data("no")) }).await.is_err());
        for key in ["b", "c"] {
            kept.find_or(key.into(), async { Ok(2) }).await.unwrap();
        }
        assert!(kept.find("a").is_none() && kept.find("b").is_some() && kept.find("c").is_some());
    }

    #[tokio::test]
    async fn those_who_ask_together_wait_for_one() {
        let kept: Arc<Kept<u32, 2>> = Arc::default();
        let made = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let asked: Vec<_> = (0..8)
            .map(|_| {
                let (kept, made) = (Arc::clone(&kept), Arc::clone(&made));
                tokio::spawn(async move {
                    let make = async {
                        tokio::task::yield_now().await;
                        Ok(made.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
                    };
                    *kept.find_or("a".into(), make).await.unwrap()
                })
            })
            .collect();
        for one in asked {
            assert_eq!(one.await.unwrap(), 0);
        }
        assert_eq!(made.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
