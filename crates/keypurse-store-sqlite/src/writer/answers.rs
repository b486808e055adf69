//! Telling callers what became of their operations.

use keypurse_store::StoreError;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;

/// Told to somebody whose operation was part of a batch, once its outcome is
/// known.
pub(super) type Answer = Box<dyn FnOnce(Outcome) + Send>;

/// What became of a batch.
type Outcome = Result<(), StoreError>;

/// Hands a batch's answers over as one, to be told where callers run.
///
/// A caller woken from the writer's thread may take the processor from it, for
/// a moment, and the writer take it back: twice for each answer.
pub(super) struct Answers(Option<mpsc::UnboundedSender<(Vec<Answer>, Outcome)>>);

impl Answers {
    /// Has them told by a task of the runtime that opens the store, or without
    /// one by the writer.
    pub(super) fn start() -> Self {
        let Ok(runtime) = Handle::try_current() else {
            return Self(None);
        };
        let (hand, mut handed) = mpsc::unbounded_channel();
        runtime.spawn(async move {
            while let Some((answers, outcome)) = handed.recv().await {
                tell(answers, &outcome);
            }
        });
        Self(Some(hand))
    }

    /// Everybody is told soon, in this order; by the writer where the runtime
    /// has ended.
    pub(super) fn give(&self, answers: Vec<Answer>, outcome: Outcome) {
        // A batch of noted calls has nobody to wake.
        if answers.is_empty() {
            return;
        }
        let Some(hand) = &self.0 else {
            return tell(answers, &outcome);
        };
        if let Err(SendError((answers, outcome))) = hand.send((answers, outcome)) {
            tell(answers, &outcome);
        }
    }
}

fn tell(answers: Vec<Answer>, outcome: &Outcome) {
    for answer in answers {
        answer(outcome.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::{Answer, Answers, Outcome, StoreError};

    /// Two answers, and what they are told.
    fn two() -> (Vec<Answer>, mpsc::Receiver<(u8, Outcome)>) {
        let (told, heard) = mpsc::channel();
        let answer = |number| -> Answer {
            let told = told.clone();
            Box::new(move |outcome| told.send((number, outcome)).unwrap())
        };
        (vec![answer(1), answer(2)], heard)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    }

    #[test]
    fn everybody_is_told_in_order_where_callers_run() {
        let runtime = runtime();
        let answers = runtime.block_on(async { Answers::start() });
        let (waiting, heard) = two();
        answers.give(waiting, Err(StoreError::Closed));
        assert!(heard.try_recv().is_err(), "not by the writer");
        runtime.block_on(tokio::task::yield_now());
        for number in [1, 2] {
            let (told, outcome) = heard.try_recv().unwrap();
            assert_eq!(told, number);
            assert!(matches!(outcome, Err(StoreError::Closed)));
        }
    }

    #[test]
    fn everybody_is_told_without_a_runtime_and_after_its_end() {
        let runtime = runtime();
        let ended = runtime.block_on(async { Answers::start() });
        drop(runtime);
        for answers in [Answers::start(), ended] {
            let (waiting, heard) = two();
            answers.give(waiting, Ok(()));
            assert_eq!(heard.try_iter().count(), 2);
        }
    }
}
