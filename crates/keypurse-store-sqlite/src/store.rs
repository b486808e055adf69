//! The store as others see it: requests to the writer, reads beside it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};

use async_trait::async_trait;
use jiff::tz::TimeZone;
use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::{Admission, Charge};
use keypurse_core::money::Money;
use keypurse_core::time::{Reading, Timestamp};
use keypurse_core::token::TokenName;
use keypurse_store::{
    Account, AccountTopUp, Accounts, Action, Actor, AuditEvent, AuditHead, AuditLog, AuditPage,
    AuditRecord, Calls, CallsPage, ChangeError, Claim, Costs, CreateAccountError, Credential,
    Digest, Floor, Guard, HeldNow, HoldFailure, ListedCall, Made, NewAccount, NewHold,
    NewViewerKey, Once, RecordFailure, Repeated, Settlement, SimulatedCall, StatementLine,
    StatementPage, Statements, StoreError, Token, TokenChange, TokenLabel, TokenSearch,
    TokenStanding, TokenTally, Tokens, TokensFound, Usage, UsageQuery, UsageRow, Vitals,
    WriterVitals,
};
use rusqlite::ErrorCode;
use tokio::sync::{mpsc, oneshot};

use crate::audit_log;
use crate::ballast::Ballast;
use crate::credentials::Credentials;
use crate::export;
use crate::instance::instance;
use crate::open::{self, OpenError, SqliteOptions, open_writer};
use crate::readers::Readers;
use crate::rows;
use crate::search;
use crate::statement;
use crate::usage::{self, Days};
use crate::writer::{Command, Meters, Noted, Reply, SessionCommand, Writer};

/// Connections that look things up.
const READERS: usize = 4;
/// Connections that make reports.
const REPORTERS: usize = 2;
/// Operations that may wait for the writer.
const QUEUE: usize = 8192;
/// Places kept for what must not be refused: settlements and management.
const RESERVED: usize = QUEUE / 2;

/// Tokens, accounts and the ledger in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    commands: mpsc::Sender<Command>,
    pub(crate) readers: Readers,
    /// Of their own, so that nothing waits behind a report.
    reporters: Readers,
    days: Days,
    credentials: Arc<Credentials>,
    meters: Arc<Meters>,
    noted: Arc<Noted>,
    writer_thread: Thread,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Restored from a backup: no hold until its operator has said yes, which
    /// takes a restart.
    pub(crate) waits_for_acknowledgement: bool,
}

impl SqliteStore {
    /// Opens the file, resolves what a crash left open, starts the writer.
    ///
    /// On a full disk this takes the space kept for that: reads work, and money
    /// is refused until there is space.
    pub fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        match Self::open_with_this_space(options) {
            Err(OpenError::Sqlite { source, .. })
                if is_starved(&source) && Ballast::beside(&options.path).free() =>
            {
                Self::open_with_this_space(options)
            }
            outcome => outcome,
        }
    }

    fn open_with_this_space(options: &SqliteOptions) -> Result<Self, OpenError> {
        let opened = open_writer(options)?;
        let days = Days::of(opened.zone.clone());
        let credentials = Arc::new(Credentials::default());
        let meters = Arc::new(Meters::default());
        let noted = Arc::new(Noted::default());
        let shared = (
            Arc::clone(&credentials),
            Arc::clone(&meters),
            Arc::clone(&noted),
        );
        let writer = Writer::start(opened, options, shared)?;
        let failed = |source| open::failed(&options.path, source);
        let readers = Readers::open(&options.path, READERS).map_err(failed)?;
        let reporters = Readers::open(&options.path, REPORTERS).map_err(failed)?;
        let instance = instance(&options.path).map_err(failed)?;
        let (commands, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || writer.run(waiting))
            .expect("a thread can be started");
        let writer_thread = thread.thread().clone();
        let writer = Mutex::new(Some(thread));
        Ok(Self {
            commands,
            readers,
            reporters,
            days,
            credentials,
            meters,
            noted,
            writer_thread,
            writer,
            waits_for_acknowledgement: instance.restored.is_some(),
        })
    }

    /// The zone whose days bound reset periods and reports.
    pub fn zone(&self) -> &TimeZone {
        self.days.zone()
    }

    /// Asks the writer and waits until what it decided is on disk.
    pub(crate) async fn ask<T, E: From<StoreError>>(
        &self,
        command: impl FnOnce(Reply<T, E>) -> Command,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(command(reply))
            .await
            .map_err(|_| stopped())?;
        self.writer_thread.unpark();
        answer.await.map_err(|_| not_written())?
    }

    /// Refuses what may be refused while the places left are kept for the rest.
    fn has_room(&self) -> Result<(), StoreError> {
        if self.commands.capacity() < RESERVED {
            return Err(StoreError::Overloaded);
        }
        Ok(())
    }

    /// Balances are there for whoever reads now, as calls that were answered
    /// left them. On a full disk what is there is read.
    pub(crate) async fn catch_up(&self) {
        if self.meters.is_behind() {
            let _ = self.ask(Command::CatchUp).await;
        }
    }

    /// Sandbox calls answered before are there for whoever reads now. On a full
    /// disk what is there is read.
    async fn write_noted(&self) {
        if !self.noted.is_written() {
            let _ = self.ask(Command::WriteNoted).await;
        }
    }
}

/// Whether a start may have failed for want of space. Memory shared with
/// readers is a file as well, which fails as an I/O error.
fn is_starved(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure)
    )
}

fn stopped() -> StoreError {
    StoreError::Closed
}

/// The writer dropped the request: its batch failed before reaching it.
fn not_written() -> StoreError {
    StoreError::Unavailable("the batch was not written".to_owned())
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn create_account(&self, new: NewAccount) -> Result<Account, CreateAccountError> {
        self.ask(|reply| Command::CreateAccount(new, reply)).await
    }

    async fn set_account_key(
        &self,
        name: &str,
        key: (Digest, u32),
        actor: Actor,
    ) -> Result<Option<Account>, CreateAccountError> {
        let name = name.to_owned();
        self.ask(|reply| Command::SetAccountKey {
            name,
            key,
            actor,
            reply,
        })
        .await
    }

    async fn set_viewer_key(
        &self,
        name: &str,
        key: Option<NewViewerKey>,
        actor: Actor,
    ) -> Result<Option<Account>, CreateAccountError> {
        let name = name.to_owned();
        self.ask(|reply| Command::Session(SessionCommand::SetViewerKey(name, key, actor, reply)))
            .await
    }

    async fn top_up_account(
        &self,
        top_up: AccountTopUp,
        once: Option<Once<Account>>,
    ) -> Result<Made<Account>, ChangeError> {
        self.ask(|reply| Command::TopUpAccount(top_up, once, reply))
            .await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.catch_up().await;
        self.readers
            .read(move |connection| rows::account_by_id(connection, id))
            .await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.catch_up().await;
        self.readers.read(rows::accounts).await
    }
}

#[async_trait]
impl Tokens for SqliteStore {
    async fn change_token(
        &self,
        change: TokenChange,
        guard: Guard,
    ) -> Result<Made<Token>, ChangeError> {
        self.ask(|reply| Command::ChangeToken(change, guard, reply))
            .await
    }

    async fn tokens(&self, account: AccountId) -> Result<Vec<Token>, StoreError> {
        self.catch_up().await;
        self.readers
            .read(move |connection| rows::tokens_of(connection, account))
            .await
    }

    async fn token(
        &self,
        account: AccountId,
        name: &TokenName,
    ) -> Result<Option<Token>, StoreError> {
        self.catch_up().await;
        let name = name.clone();
        self.readers
            .read(move |connection| rows::token_named(connection, account, &name))
            .await
    }

    async fn token_by_id(&self, id: TokenId) -> Result<Option<Token>, StoreError> {
        self.catch_up().await;
        self.readers
            .read(move |connection| rows::token_by_id(connection, id))
            .await
    }

    async fn find_tokens(&self, asked: TokenSearch) -> Result<TokensFound, StoreError> {
        self.catch_up().await;
        self.write_noted().await;
        self.readers
            .read(move |connection| search::find(connection, &asked))
            .await
    }

    async fn tally_tokens(
        &self,
        account: AccountId,
        at: Reading,
    ) -> Result<TokenTally, StoreError> {
        self.catch_up().await;
        self.readers
            .read(move |connection| search::tally(connection, account, at))
            .await
    }

    async fn token_standing(&self, id: TokenId) -> Result<Option<TokenStanding>, StoreError> {
        self.catch_up().await;
        self.write_noted().await;
        self.readers
            .read(move |connection| search::standing(connection, id))
            .await
    }

    async fn credential(&self, digest: &Digest) -> Result<Option<Arc<Credential>>, StoreError> {
        if let Some(known) = self.credentials.get(digest) {
            return Ok(Some(known));
        }
        let (digest, generation) = (*digest, self.credentials.generation());
        let read = self
            .readers
            .read(move |connection| rows::credential(connection, &digest));
        let Some(credential) = read.await?.map(Arc::new) else {
            return Ok(None);
        };
        self.credentials
            .keep(generation, digest, Arc::clone(&credential));
        Ok(Some(credential))
    }

    async fn was_retired(&self, digest: &Digest) -> Result<bool, StoreError> {
        let digest = *digest;
        self.readers
            .read(move |connection| rows::is_retired(connection, &digest))
            .await
    }
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn record_event(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.ask(|reply| Command::RecordEvent(event, reply)).await
    }

    async fn audit_page(&self, page: AuditPage) -> Result<Vec<AuditRecord>, StoreError> {
        self.readers
            .read(move |connection| audit_log::page(connection, &page))
            .await
    }

    async fn last_audited(&self, action: Action) -> Result<Option<AuditRecord>, StoreError> {
        self.readers
            .read(move |connection| audit_log::last_of(connection, action))
            .await
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        self.readers.read(audit_log::head).await
    }
}

#[async_trait]
impl Vitals for SqliteStore {
    fn writer_vitals(&self) -> WriterVitals {
        let waiting = QUEUE - self.commands.capacity();
        self.meters.read((waiting, QUEUE))
    }

    async fn held_now(&self) -> Result<HeldNow, StoreError> {
        self.ask(Command::HeldNow).await
    }
}

#[async_trait]
impl Statements for SqliteStore {
    async fn statement(&self, page: StatementPage) -> Result<Vec<StatementLine>, StoreError> {
        self.write_noted().await;
        self.readers
            .read(move |connection| statement::statement(connection, &page))
            .await
    }

    async fn forget_calls(&self, before: Timestamp) -> Result<usize, StoreError> {
        self.ask(|reply| Command::Forget(before, reply)).await
    }
}

#[async_trait]
impl Usage for SqliteStore {
    async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
        self.write_noted().await;
        let days = self.days.clone();
        self.reporters
            .read_aside(move |connection| usage::usage(connection, &query, &days))
            .await
    }

    async fn costs(&self, query: UsageQuery) -> Result<Costs, StoreError> {
        self.write_noted().await;
        let days = self.days.clone();
        self.reporters
            .read_aside(move |connection| usage::costs(connection, query, &days))
            .await
    }

    async fn calls(&self, page: CallsPage) -> Result<Vec<ListedCall>, StoreError> {
        self.write_noted().await;
        self.reporters
            .read_aside(move |connection| usage::calls(connection, &page))
            .await
    }

    async fn token_labels(&self, account: AccountId) -> Result<Vec<TokenLabel>, StoreError> {
        self.write_noted().await;
        self.reporters
            .read_aside(move |connection| usage::labels(connection, account))
            .await
    }
}

#[async_trait]
impl Calls for SqliteStore {
    async fn hold(&self, new: NewHold) -> Result<Admission, HoldFailure> {
        if self.waits_for_acknowledgement {
            return Err(StoreError::Unacknowledged.into());
        }
        self.has_room()?;
        self.ask(|reply| Command::Hold(new, reply)).await
    }

    async fn hold_anew(&self, new: NewHold) -> Result<Option<Admission>, HoldFailure> {
        self.has_room()?;
        self.ask(|reply| Command::HoldAnew(new, reply)).await
    }

    async fn made_before(&self, claim: Claim) -> Result<Option<Repeated>, StoreError> {
        self.has_room()?;
        self.ask(|reply| Command::MadeBefore(claim, reply)).await
    }

    async fn open(&self, call: CallId, floor: Floor) -> Result<Option<Money>, StoreError> {
        self.ask(|reply| Command::Open(call, floor, reply)).await
    }

    async fn settle(&self, settlement: Settlement) -> Result<Option<Charge>, StoreError> {
        self.ask(|reply| Command::Settle(settlement, reply)).await
    }

    async fn record_simulated(&self, call: SimulatedCall) -> Result<(), RecordFailure> {
        self.ask(|reply| Command::Simulated(call, reply)).await
    }

    async fn note_simulated(&self, call: SimulatedCall) -> Result<(), StoreError> {
        if self.noted.is_stuck() {
            self.probe().await?;
        }
        if !self.noted.has_room() {
            self.writer_thread.unpark();
        }
        if self.noted.add(call).await? {
            let (nobody, _) = oneshot::channel();
            // A full queue is work for the writer, which then finds it.
            let _ = self.commands.try_send(Command::WriteNoted(nobody));
        }
        Ok(())
    }

    async fn last_call(&self) -> Result<Option<i64>, StoreError> {
        self.readers.read(export::last_call).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.ask(Command::Probe).await
    }

    async fn open_holds(&self) -> Result<usize, StoreError> {
        Ok(self.held_now().await?.holds)
    }

    async fn close(&self) -> Result<(), StoreError> {
        let mut closed = self.ask(Command::Close).await;
        if let Err(StoreError::Unavailable(_)) = closed {
            // On a full disk, found out by this: now it is closed as it is.
            closed = self.ask(Command::Close).await;
        }
        closed?;
        let thread = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                return Err(StoreError::Unavailable(
                    "the writer did not end well".to_owned(),
                ));
            }
        }
        Ok(())
    }
}
