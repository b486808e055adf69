//! A call that is carried inside its client's request, and without it when the
//! client leaves.
//!
//! A task of its own for every call would cost more than most of what the call
//! does here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits for a call's answer, and makes a task of what is left of the call when
/// nobody waits any more: its answer is there, or its client has left.
pub(super) struct Carried<T> {
    tasks: TaskTracker,
    /// Whoever waits for all tasks waits for this one, too.
    _token: TaskTrackerToken,
    /// `None`: it is over.
    call: Option<Call>,
    answer: oneshot::Receiver<T>,
}

/// The call ended without an answer: a bug.
#[derive(Debug)]
pub(super) struct NoAnswer;

impl<T> Carried<T> {
    /// `call` sends its answer to the other end of `answer`.
    pub(super) fn new(tasks: &TaskTracker, call: Call, answer: oneshot::Receiver<T>) -> Self {
        Self {
            tasks: tasks.clone(),
            _token: tasks.token(),
            call: Some(call),
            answer,
        }
    }
}

impl<T> Future for Carried<T> {
    type Output = Result<T, NoAnswer>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(call) = &mut self.call {
            // As a task it would end alone, too; the message is in the log.
            let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)));
            if !matches!(polled, Ok(Poll::Pending)) {
                self.call = None;
            }
        }
        match self.answer.try_recv() {
            Ok(answer) => Poll::Ready(Ok(answer)),
            // Only the call sends one, so whoever wakes it wakes us.
            Err(TryRecvError::Empty) => Poll::Pending,
            Err(TryRecvError::Closed) => Poll::Ready(Err(NoAnswer)),
        }
    }
}

impl<T> Drop for Carried<T> {
    fn drop(&mut self) {
        // Without a runtime the process is ending, and the next start resolves
        // what the call held.
        if let (Some(call), Ok(runtime)) = (self.call.take(), Handle::try_current()) {
            self.tasks.spawn_on(call, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tokio_util::task::TaskTracker;

    use super::{Carried, NoAnswer};

    #[tokio::test]
    async fn an_answer_ends_the_wait_and_not_the_call() {
        let tasks = TaskTracker::new();
        let ((client, answer), (release, released)) = (oneshot::channel(), oneshot::channel());
        let (end, ended) = oneshot::channel();
        let call = Box::pin(async move {
            client.send("answer").unwrap();
            released.await.unwrap();
            end.send(()).unwrap();
        });
        let carried = Carried::new(&tasks, call, answer);
        assert_eq!(tasks.len(), 1);
        assert_eq!(carried.await.unwrap(), "answer");
        assert_eq!(tasks.len(), 1, "the rest of the call");
        release.send(()).unwrap();
        ended.await.unwrap();
    }

    #[tokio::test]
    async fn a_call_goes_on_without_its_client() {
        let tasks = TaskTracker::new();
        let (client, answer) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let call = Box::pin(async move {
            let mut client = client;
            client.closed().await;
            end.send(()).unwrap();
        });
        drop(Carried::new(&tasks, call, answer));
        ended.await.unwrap();
    }

    async fn breaks(client: oneshot::Sender<()>) {
        let _client = client;
        std::future::ready(()).await;
        panic!("as meant");
    }

    #[tokio::test]
    async fn a_call_that_breaks_has_no_answer() {
        let tasks = TaskTracker::new();
        let (client, answer) = oneshot::channel();
        let carried = Carried::new(&tasks, Box::pin(breaks(client)), answer).await;
        assert!(matches!(carried, Err(NoAnswer)));
        tasks.close();
        tasks.wait().await;
    }
}
