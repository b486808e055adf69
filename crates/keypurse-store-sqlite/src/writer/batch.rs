//! The thread: take what waits, decide, commit, answer.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::{Entry, Ledger};
use keypurse_core::money::Money;
use keypurse_core::time::{Clock, Timestamp};
use keypurse_store::{
    AuditEvent, CallOutcome, HeldNow, RecordLimit, Settlement, SimulatedCall, StoreError, failpoint,
};
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::command::{Command, Reply};
use super::dictionary::Dictionary;
use super::gathering::Gathering;
use super::meters::Meters;
use super::noted::{self, Noted};
use super::once::{self, Claims};
use super::space::{Space, is_full};
use super::write_back::WriteBack;
use crate::audit_log::{self, AuditKey, Begun};
use crate::call_row::CallRow;
use crate::credentials::Credentials;
use crate::integrity::{Keeper, Progress};
use crate::journal::HeldCall;
use crate::open::{self, OpenError, Opened, SqliteOptions, is_damage};
use crate::recover;
use crate::rows;
use crate::usage::Folding;

/// Operations decided in one transaction at most.
const BATCH: usize = 256;
/// Batches after which the log's end is noted even when more wait.
const NOTE_EVERY: i64 = 16;
/// What a service manager should restart (`EX_SOFTWARE`).
const EXIT_RESTART: i32 = 70;

/// Told to everybody whose operation was part of a batch, once its outcome is
/// known.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The state behind the write connection.
pub(crate) struct Writer {
    pub(super) connection: Connection,
    /// Held until the last write is done.
    _lock: File,
    pub(super) path: PathBuf,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) credentials: Arc<Credentials>,
    pub(super) ledger: Ledger,
    pub(super) held: HashMap<CallId, Held>,
    pub(super) claims: Claims,
    pub(super) dictionary: Dictionary,
    pub(super) journal: JournalTail,
    /// What calls are summed by, and which sums are to move on.
    pub(super) folding: Folding,
    pub(super) space: Space,
    pub(super) keeper: Arc<Keeper>,
    pub(super) log_writer: WriteBack,
    /// How far the log was when it was last to be written back.
    pub(super) log_asked: Progress,
    audit_key: AuditKey,
    pub(super) overruns: RecordLimit,
    pub(super) meters: Arc<Meters>,
    pub(super) noted: Arc<Noted>,
    /// Those this batch writes.
    pub(super) noted_in_hand: Vec<SimulatedCall>,
}

/// An open hold's call and where its record is.
pub(super) struct Held {
    pub(super) call: HeldCall,
    pub(super) seq: i64,
}

/// Which journal rows are still needed.
#[derive(Default)]
pub(super) struct JournalTail {
    /// The row this batch's records go into.
    pub(super) seq: i64,
    /// Open holds per row.
    pub(super) open: BTreeMap<i64, usize>,
    /// Rows below are deleted.
    pub(super) trimmed_below: i64,
    /// Finished calls without a row of their own, and where they are.
    pub(super) tail: VecDeque<(i64, CallRow)>,
    /// The last place given in the order of all changes of balances.
    pub(super) last_line: i64,
}

/// What a batch has decided so far.
#[derive(Default)]
pub(super) struct Batch {
    /// First, so that a panic ends the process before anybody below is
    /// answered.
    _stop: StopOnPanic,
    pub(super) records: Vec<u8>,
    /// Changes of balances but charges, each with its place.
    pub(super) entries: Vec<(i64, Entry)>,
    pub(super) answers: Vec<Answer>,
    /// Credentials that are no longer as cached.
    pub(super) stale: Vec<keypurse_store::Digest>,
    pub(super) closes: bool,
    /// How many noted calls are part of it.
    pub(super) noted: usize,
}

impl Batch {
    pub(super) fn answer<T, E>(&mut self, reply: Reply<T, E>, result: Result<T, E>)
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.answers.push(Box::new(move |committed| {
            // The caller may be gone; what was decided stands.
            let _ = reply.send(committed.map_err(E::from).and(result));
        }));
    }
}

impl Writer {
    /// Resolves what a crash left open and is ready to work.
    pub(crate) fn start(
        opened: Opened,
        options: &SqliteOptions,
        (credentials, meters, noted): (Arc<Credentials>, Arc<Meters>, Arc<Noted>),
    ) -> Result<Self, OpenError> {
        opened.connection.set_prepared_statement_cache_capacity(64);
        let keeper = Keeper::of(&options.path).map_err(|source| OpenError::Unreadable {
            path: options.path.clone(),
            source,
        })?;
        let keeper = Arc::new(keeper);
        let failed = |source| open::failed(&options.path, source);
        let shared = (Arc::clone(&keeper), Arc::clone(&meters));
        let log_writer = WriteBack::start(&options.path, shared).map_err(failed)?;
        let mut writer = Self {
            connection: opened.connection,
            _lock: opened.lock,
            path: options.path.clone(),
            clock: Arc::clone(&options.clock),
            credentials,
            ledger: Ledger::new(opened.zone.clone()),
            folding: Folding::of(opened.zone),
            held: HashMap::new(),
            claims: Claims::new(),
            dictionary: Dictionary::default(),
            journal: JournalTail::default(),
            space: Space::beside(&options.path, options.clock.now()),
            keeper,
            log_writer,
            log_asked: Progress::default(),
            audit_key: options.audit_key.clone(),
            overruns: RecordLimit::default(),
            meters,
            noted,
            noted_in_hand: Vec::new(),
        };
        if audit_log::begin(&writer.connection, &writer.audit_key).map_err(failed)?
            == Begun::UnderAnother
        {
            return Err(OpenError::OtherAuditKey);
        }
        writer.load().map_err(failed)?;
        writer.resolve_orphans().map_err(failed)?;
        writer.begin_keeping()?;
        Ok(writer)
    }

    /// Reads open holds and their purses from disk, forgetting what memory
    /// believed.
    fn load(&mut self) -> rusqlite::Result<()> {
        self.ledger = Ledger::new(self.ledger.zone().clone());
        self.held.clear();
        self.dictionary = Dictionary::default();
        self.claims = once::open_claims(&self.connection)?;
        self.folding.load(&self.connection)?;
        let (first, last): (i64, i64) = self.connection.query_row(
            "SELECT ifnull(min(seq), 1), ifnull(max(seq), 0) FROM journal",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        self.journal = JournalTail {
            seq: last + 1,
            trimmed_below: first,
            ..JournalTail::default()
        };
        let left = recover::replay(&self.connection)?;
        self.journal.last_line = left.last_line;
        self.journal.tail = left.finished.into();
        for (call, (hold, held)) in left.holds {
            recover::restore(&self.connection, &mut self.ledger, call, hold)?;
            // Which row it came from does not matter: none is trimmed below
            // the oldest.
            self.held.insert(
                call,
                Held {
                    call: held,
                    seq: first,
                },
            );
            *self.journal.open.entry(first).or_default() += 1;
        }
        Ok(())
    }

    /// Brings the file to rest: finished calls get their rows, and holds of a
    /// process that is gone are voided when nothing was delivered, else
    /// charged their floor.
    fn resolve_orphans(&mut self) -> rusqlite::Result<()> {
        let mut orphans: Vec<CallId> = self.held.keys().copied().collect();
        orphans.sort_unstable();
        if orphans.is_empty() && self.journal.tail.is_empty() {
            return Ok(());
        }
        if !orphans.is_empty() {
            let calls = orphans.len();
            tracing::warn!(calls, "resolving calls that a stop left open");
        }
        let now = self.clock.now();
        let mut batch = Batch::default();
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for call in orphans {
            let settlement = Settlement {
                call,
                outcome: CallOutcome::Abandoned,
                status: 0,
                finished_at: now,
            };
            self.resolve(&settlement, &mut batch, now)?;
            failpoint::reach("recovery.between-rows");
        }
        self.flush(&mut batch, now)?;
        self.materialise()?;
        failpoint::reach("recovery.before-commit");
        self.connection.execute_batch("COMMIT")
    }

    /// Works until everybody who could ask is gone, or one asks to close.
    pub(crate) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut waiting = Vec::with_capacity(BATCH);
        // Dropped before those who wait.
        let guard = StopOnPanic;
        let mut gathering = Gathering::default();
        while commands.blocking_recv_many(&mut waiting, BATCH) > 0 {
            noted::linger(&waiting);
            gathering.wait();
            while waiting.len() < BATCH
                && let Ok(command) = commands.try_recv()
            {
                waiting.push(command);
            }
            let (asked, began) = (waiting.len(), Instant::now());
            if self.run_batch(&mut waiting, &commands) {
                break;
            }
            gathering.learn(asked, began, Instant::now());
            self.maintain();
        }
        self.log_writer.end();
        if let Err(error) = self.empty_log() {
            tracing::warn!(%error, "the last checkpoint failed; the next start does it");
        }
        drop(guard);
    }

    /// Decides, commits, answers. Returns whether to stop.
    fn run_batch(
        &mut self,
        waiting: &mut Vec<Command>,
        following: &mpsc::Receiver<Command>,
    ) -> bool {
        let mut batch = Batch::default();
        match self.commit(waiting, &mut batch) {
            Ok(()) => {
                failpoint::reach("writer.after-commit");
                self.noted_are_written();
                // A crowd need not wait for the note: the next batch makes it.
                if following.is_empty() || self.journal.seq % NOTE_EVERY == 0 {
                    self.keeper.committed();
                }
                if !batch.stale.is_empty() {
                    self.credentials.forget(&batch.stale);
                }
                for answer in batch.answers {
                    answer(Ok(()));
                }
            }
            Err(error) => {
                if is_damage(&error) {
                    stop("the database is damaged", &error);
                }
                if is_full(&error) {
                    self.space.ran_out(self.clock.now());
                } else {
                    tracing::error!(%error, "nothing of a batch was written");
                }
                self.meters.failed();
                // Commands not reached yet are dropped, which answers them.
                waiting.clear();
                self.noted_are_not_written(is_full(&error));
                self.undo();
                // Whoever wants it closed asks again.
                batch.closes = false;
                let failure = StoreError::Unavailable(error.to_string());
                for answer in batch.answers {
                    answer(Err(failure.clone()));
                }
            }
        }
        batch.closes
    }

    fn commit(&mut self, waiting: &mut Vec<Command>, batch: &mut Batch) -> rusqlite::Result<()> {
        let (now, began, operations) = (self.clock.now(), Instant::now(), waiting.len());
        self.space.look(now);
        self.connection
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])?;
        failpoint::reach("writer.before-decide");
        if let Some(event) = self.space.unrecorded() {
            self.record(&event)?;
        }
        for command in waiting.drain(..) {
            // Dropped, it is answered as unavailable.
            if !self.space.refuses(&command) {
                self.decide(command, batch, now)?;
            }
        }
        self.record_noted(batch, now)?;
        failpoint::reach("writer.after-decide");
        self.flush(batch, now)?;
        failpoint::reach("writer.before-commit");
        let decided = Instant::now();
        match self.connection.prepare_cached("COMMIT")?.execute([]) {
            Err(error) if !is_full(&error) => {
                // Nobody knows what is on disk now. The next start does.
                stop("a commit failed", &error)
            }
            outcome => {
                outcome?;
                self.space.recorded();
                let operations = operations + batch.noted;
                self.meters.committed(operations, began, decided);
                Ok(())
            }
        }
    }

    /// Back to what the disk has.
    fn undo(&mut self) {
        let is_open = !self.connection.is_autocommit();
        if is_open && let Err(error) = self.connection.execute_batch("ROLLBACK") {
            stop("a rollback failed", &error);
        }
        if let Err(error) = self.load() {
            stop("the ledger could not be read back", &error);
        }
    }

    fn decide(
        &mut self,
        command: Command,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        match command {
            Command::Hold(new, reply) => {
                let result = self.hold(&new, batch, now)?;
                batch.answer(reply, result);
            }
            Command::HoldAnew(new, reply) => {
                let result = self.hold_anew(&new, batch, now)?;
                batch.answer(reply, result);
            }
            Command::Open(call, floor, reply) => {
                let reached = self.open(call, floor, batch);
                batch.answer(reply, Ok(reached));
            }
            Command::Settle(settlement, reply) => {
                let charge = self.resolve(&settlement, batch, now)?;
                batch.answer(reply, Ok(charge));
            }
            Command::Simulated(call, reply) => {
                let result = self.record_simulated(&call, batch, now)?;
                batch.answer(reply, result);
            }
            Command::ChangeToken(change, guard, reply) => {
                let result = self.change_token(&change, guard, batch, now)?;
                batch.answer(reply, result);
            }
            Command::TopUpAccount(top_up, once, reply) => {
                let result = self.top_up_account(top_up, once, now)?;
                batch.answer(reply, result);
            }
            Command::CreateAccount(new, reply) => {
                let result = self.create_account(&new, batch)?;
                batch.answer(reply, result);
            }
            Command::SetAccountKey {
                name,
                key,
                actor,
                reply,
            } => {
                let result = self.set_account_key(&name, key, (actor, now), batch)?;
                batch.answer(reply, result);
            }
            Command::Session(command) => self.decide_session(command, batch, now)?,
            Command::Alerts(command) => self.decide_alerts(command, batch, now)?,
            Command::Keys(command) => self.decide_keys(command, batch, now)?,
            Command::RecordEvent(event, reply) => {
                self.record(&event)?;
                batch.answer(reply, Ok(()));
            }
            Command::Forget(before, reply) => {
                let forgotten = self.forget_calls(before)?;
                batch.answer(reply, Ok(forgotten));
            }
            Command::HeldNow(reply) => batch.answer(reply, Ok(self.held_now())),
            Command::WriteNoted(reply) => batch.answer(reply, Ok(())),
            Command::Probe(reply) => {
                self.probe()?;
                batch.answer(reply, Ok(()));
            }
            Command::Close(reply) => self.prepare_to_close(batch, reply)?,
        }
        Ok(())
    }

    fn prepare_to_close(&mut self, batch: &mut Batch, reply: Reply<()>) -> rusqlite::Result<()> {
        self.noted.close();
        // Without space the next start does it.
        if self.space.is_short() {
            self.lose_noted();
        } else {
            self.record_noted(batch, self.clock.now())?;
            self.materialise()?;
        }
        batch.closes = true;
        batch.answer(reply, Ok(()));
        Ok(())
    }

    fn held_now(&self) -> HeldNow {
        HeldNow {
            holds: self.ledger.open_holds(),
            money: self.ledger.held(),
        }
    }

    /// Adds to the audit log, in the transaction of what it tells.
    pub(super) fn record(&self, event: &AuditEvent) -> rusqlite::Result<()> {
        audit_log::append(&self.connection, &self.audit_key, event)
    }

    /// A write that goes all the way to the disk.
    fn probe(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("PRAGMA user_version = 1")
    }

    pub(super) fn ensure_account(&mut self, id: AccountId) -> rusqlite::Result<()> {
        if self.ledger.account(id).is_none() {
            let account = rows::account_by_id(&self.connection, id)?
                .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            self.ledger.load_account(rows::account_state(&account));
        }
        Ok(())
    }

    pub(super) fn ensure_token(&mut self, id: TokenId) -> rusqlite::Result<()> {
        if self.ledger.token(id).is_none() {
            self.ledger
                .load_token(rows::token_state(&self.connection, id)?);
        }
        Ok(())
    }

    pub(super) fn balance_of(&self, id: TokenId) -> Money {
        let token = self.ledger.token(id).expect("found, so loaded");
        token.purse.balance
    }

    pub(super) fn account_balance_of(&self, id: AccountId) -> Money {
        let account = self.ledger.account(id).expect("found, so loaded");
        account.purse.balance
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "nobody may be answered after an unknown outcome, so nothing is unwound"
)]
/// Stopping beats being wrong: a restart reads the truth from disk.
pub(super) fn stop(what: &str, error: &dyn std::error::Error) -> ! {
    tracing::error!(%error, "{what}; stopping so that the next start finds out what is on disk");
    std::process::exit(EXIT_RESTART);
}

/// A broken invariant ends the process, not only its thread.
#[derive(Debug, Default)]
pub(super) struct StopOnPanic;

impl Drop for StopOnPanic {
    #[expect(
        clippy::disallowed_methods,
        reason = "a ledger that contradicts itself must not answer anybody"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::exit(EXIT_RESTART);
        }
    }
}
