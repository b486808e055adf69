//! What the writer knows, and how it comes to know it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::Ledger;
use keypurse_core::money::Money;
use keypurse_core::time::Clock;
use keypurse_core::usage::TokenCounts;
use keypurse_store::{CallOutcome, RecordLimit, Settlement, SimulatedCall, failpoint};
use rusqlite::Connection;

use super::answers::Answers;
use super::batch::Batch;
use super::dictionary::Dictionary;
use super::meters::Meters;
use super::noted::Noted;
use super::once::{self, Claims};
use super::space::Space;
use super::write_back::WriteBack;
use crate::audit_log::{self, AuditKey, Begun};
use crate::call_row::CallRow;
use crate::credentials::Credentials;
use crate::integrity::{Keeper, Progress};
use crate::journal::HeldCall;
use crate::open::{self, OpenError, Opened, SqliteOptions};
use crate::recover;
use crate::rows;
use crate::usage::Folding;

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
    pub(super) audit_key: AuditKey,
    pub(super) overruns: RecordLimit,
    pub(super) meters: Arc<Meters>,
    pub(super) noted: Arc<Noted>,
    /// Those this batch writes.
    pub(super) noted_in_hand: Vec<SimulatedCall>,
    pub(super) answers: Answers,
}

/// An open hold's call and where its record is.
pub(super) struct Held {
    pub(super) call: HeldCall,
    /// What its floor pays for.
    pub(super) covered: TokenCounts,
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
            ledger: Ledger::new(opened.zone.clone(), options.clock.proven()),
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
            answers: Answers::start(),
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
    pub(super) fn load(&mut self) -> rusqlite::Result<()> {
        self.ledger = Ledger::new(self.ledger.zone().clone(), self.clock.proven());
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
        let balances = recover::balances_after(left.finished.iter().map(|(_, row)| row));
        for (purse, balance) in balances {
            recover::load(&self.connection, &mut self.ledger, purse, balance)?;
        }
        self.journal.tail = left.finished.into();
        self.meters.set_behind(self.journal.is_behind());
        for (call, open) in left.holds {
            recover::restore(&self.connection, &mut self.ledger, call, open.hold)?;
            // Which row it came from does not matter: none is trimmed below
            // the oldest.
            self.held.insert(
                call,
                Held {
                    call: open.call,
                    covered: open.covered,
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
