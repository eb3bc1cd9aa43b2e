//! Requests that reach the target at the same moment: each is sent but for its last byte, and those go out together.

use tokio::sync::watch;

/// Holds back the last bytes of some requests until all of these are otherwise on their way.
#[derive(Debug)]
pub struct Release {
    missing: watch::Sender<usize>,
}

impl Release {
    /// For so many requests.
    pub fn new(requests: usize) -> Self {
        Self {
            missing: watch::Sender::new(requests),
        }
    }

    /// One request will not be sent at all, so that nobody needs to wait for it.
    pub fn drop_out(&self) {
        self.missing.send_modify(|n| *n = n.saturating_sub(1));
    }

    /// The place of a request, to be kept until its last byte may go.
    pub fn place(&self) -> Place<'_> {
        Place(Some(self))
    }
}

/// One request's part in a release. Dropping it tells the others not to wait: it failed.
#[derive(Debug)]
pub struct Place<'a>(Option<&'a Release>);

impl Place<'_> {
    /// All but the last byte is on its way. Waits for the others.
    pub async fn arrive(mut self) {
        let Some(release) = self.0.take() else { return };
        let mut missing = release.missing.subscribe();
        release.drop_out();
        // The sender is borrowed, so there always is one.
        let _ = missing.wait_for(|missing| *missing == 0).await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(release) = self.0 {
            release.drop_out();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};

    use super::*;

    async fn is_waiting(future: Pin<&mut impl Future>) -> bool {
        futures_util::future::poll_immediate(future).await.is_none()
    }

    #[tokio::test]
    async fn the_last_to_arrive_releases_all() {
        let release = Release::new(3);
        let mut first = pin!(release.place().arrive());
        let mut second = pin!(release.place().arrive());
        assert!(is_waiting(first.as_mut()).await);
        assert!(is_waiting(second.as_mut()).await);
        release.place().arrive().await;
        first.await;
        second.await;
    }

    #[tokio::test]
    async fn nobody_waits_for_a_request_that_failed() {
        let release = Release::new(4);
        let mut first = pin!(release.place().arrive());
        assert!(is_waiting(first.as_mut()).await);
        drop(release.place());
        release.drop_out();
        assert!(is_waiting(first.as_mut()).await);
        drop(release.place().arrive());
        first.await;
    }
}
