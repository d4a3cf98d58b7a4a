//! Questions that take long. Only so many are answered at a time; who asks beyond that waits a little and is then told
//! to come back. The work itself runs on threads of its own (see `app`), never on those that serve.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Long questions answered at a time: each takes every core.
const AT_A_TIME: usize = 2;

/// How long a question waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// The turns of long questions.
#[derive(Debug)]
pub(super) struct Long {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Long {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_A_TIME)), patience: PATIENCE }
    }
}

impl Long {
    /// Waits for a turn, then does the work. The turn lasts as long as the work, not as long as the client waits:
    /// somebody who asks, goes away and asks again does not get a second one.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        let turn = turn
            .map_err(|_| Error::busy("other long questions are being answered; ask again in a minute"))?
            .map_err(|e| Error::bug("the turns of long questions have ended").with_cause(e))?;
        let done = tokio::spawn(async move {
            let answer = work.await;
            drop(turn);
            answer
        });
        done.await.map_err(|e| Error::bug("a long question broke off").with_cause(e))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn one_place() -> Arc<Long> {
        Arc::new(Long { places: Arc::new(Semaphore::new(1)), patience: Duration::from_millis(20) })
    }

    #[tokio::test]
    async fn a_second_long_question_is_told_to_come_back_and_a_third_is_answered() {
        let long = one_place();
        let (finish, wait) = tokio::sync::oneshot::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel::<()>();
        let first = {
            let long = Arc::clone(&long);
            tokio::spawn(async move {
                long.run(async move {
                    begun.send(()).unwrap();
                    wait.await.map_err(|_| Error::bug("nobody waits"))?;
                    Ok(1)
                })
                .await
            })
        };
        has_begun.await.unwrap();
        assert_eq!(long.run(async { Ok(2) }).await.unwrap_err().kind(), Kind::Busy);
        // The client goes away: its work keeps the turn.
        first.abort();
        tokio::task::yield_now().await;
        assert_eq!(long.run(async { Ok(2) }).await.unwrap_err().kind(), Kind::Busy);
        finish.send(()).unwrap();
        assert_eq!(long.run(async { Ok(3) }).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn work_that_fails_gives_its_turn_back() {
        let long = one_place();
        assert!(long.run(async { Err::<(), _>(Error::data("no")) }).await.is_err());
        assert!(long.run(async { Ok(()) }).await.is_ok());
    }
}
