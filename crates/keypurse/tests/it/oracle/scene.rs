//! What all who take part in a crash loop share: the gateway's address, the
//! tokens there are, and what everybody saw.

use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use keypurse_testkit::SeededEntropy;
use keypurse_testkit::hostile::below;
use keypurse_testkit::oracle::{Act, ActKind, ClientSaw};
use tokio::sync::watch;

/// The stage of a whole run, through all lives of the gateway.
pub(super) struct Scene {
    pub(super) address: String,
    dice: SeededEntropy,
    tokens: Mutex<Vec<Token>>,
    pub(super) saw: Mutex<Vec<ClientSaw>>,
    pub(super) acts: Mutex<Vec<Act>>,
    /// Requests that came to an end, one way or another.
    ended: watch::Sender<usize>,
    pub(super) in_flight: AtomicUsize,
}

/// A token a client can call with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) secret: String,
}

impl Scene {
    pub(super) fn new(address: &str, seed: u64) -> Self {
        Self {
            address: address.to_owned(),
            dice: SeededEntropy::new(seed),
            tokens: Mutex::default(),
            saw: Mutex::default(),
            acts: Mutex::default(),
            ended: watch::Sender::default(),
            in_flight: AtomicUsize::new(0),
        }
    }

    pub(super) fn dice(&self) -> &SeededEntropy {
        &self.dice
    }

    /// A number below `end`.
    pub(super) fn roll(&self, end: usize) -> usize {
        below(&self.dice, end)
    }

    pub(super) fn any_token(&self) -> Token {
        let tokens = self.tokens();
        tokens[self.roll(tokens.len())].clone()
    }

    pub(super) fn put_token(&self, token: Token) {
        let mut tokens = self.tokens();
        tokens.retain(|known| known.name != token.name);
        tokens.push(token);
    }

    pub(super) fn drop_token(&self, token: &Token) {
        self.tokens().retain(|known| known != token);
    }

    /// From now on another token is the only one.
    pub(super) fn forget_tokens(&self) {
        self.tokens().clear();
    }

    fn tokens(&self) -> MutexGuard<'_, Vec<Token>> {
        self.tokens.lock().unwrap()
    }

    pub(super) fn record(&self, saw: ClientSaw) {
        self.saw.lock().unwrap().push(saw);
        self.ended.send_modify(|count| *count += 1);
    }

    pub(super) fn ended(&self) -> usize {
        *self.ended.borrow()
    }

    /// Waits until this many requests more came to an end and `also` holds.
    pub(super) async fn wait_for(&self, more: usize, also: impl Fn() -> bool) {
        let enough = self.ended() + more;
        let mut ended = self.ended.subscribe();
        let reached = ended.wait_for(|count| *count >= enough && also()).await;
        drop(reached.expect("the scene is there"));
    }

    /// Says what is about to be asked for: an answer may never come.
    pub(super) fn intends(&self, token: &str, kind: ActKind) -> usize {
        let mut acts = self.acts.lock().unwrap();
        acts.push(Act {
            token: token.to_owned(),
            kind,
            acked: None,
        });
        acts.len() - 1
    }

    pub(super) fn acknowledged(&self, act: usize) {
        self.acts.lock().unwrap()[act].acked = Some(Instant::now());
    }
}
