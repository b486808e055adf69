//! `keypurse audit-log show|verify|new-key`: who changed what, and that this
//! is what was written.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use keypurse_core::time::Clock;
use keypurse_store::{Actor, AuditHead, AuditRecord};
use keypurse_store_sqlite::{
    AuditKey, AuditLogError, audit_records, replace_audit_key, verify_audit_log,
};
use serde_json::json;
use serde_json::value::RawValue;

use super::{DataDirArg, options_for};
use crate::data_dir::DataDir;
use crate::hint;
use crate::key_files::{AUDIT_KEY, read_key};
use crate::system::{SystemClock, SystemEntropy};

#[derive(Debug, Subcommand)]
pub(crate) enum AuditLogCommand {
    /// Print the newest records, oldest first
    Show {
        /// How many
        #[arg(long, default_value_t = 50, value_name = "RECORDS")]
        limit: usize,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        dir: DataDirArg,
    },
    /// Prove that no record was edited, removed or moved; names the first that was
    Verify {
        /// A head that the server logged earlier: shows whether later records were cut off
        #[arg(long, value_name = "HEX:SEQ", value_parser = head)]
        head: Option<AuditHead>,
        /// A key the log was under before; once for each
        #[arg(long, value_name = "FILE")]
        older_key: Vec<PathBuf>,
        #[command(flatten)]
        dir: DataDirArg,
    },
    /// Go on under a new audit.key, because the one before is lost (stop the server first)
    NewKey {
        #[command(flatten)]
        dir: DataDirArg,
    },
}

fn head(text: &str) -> Result<AuditHead, String> {
    let expected = "64 hexadecimal digits, a colon and a number, as the server's log has it";
    AuditHead::parse(text).ok_or_else(|| expected.to_owned())
}

pub(crate) fn run(command: &AuditLogCommand) -> anyhow::Result<()> {
    match command {
        AuditLogCommand::Show { limit, json, dir } => {
            show(&DataDir::existing(&dir.data_dir)?, *limit, *json)
        }
        AuditLogCommand::Verify {
            head,
            older_key,
            dir,
        } => verify(&DataDir::existing(&dir.data_dir)?, *head, older_key),
        AuditLogCommand::NewKey { dir } => new_key(&DataDir::existing(&dir.data_dir)?),
    }
}

fn show(dir: &DataDir, limit: usize, json: bool) -> anyhow::Result<()> {
    let records = audit_records(&dir.database(), limit);
    for record in records.context("the audit log cannot be read")? {
        if json {
            println!("{}", as_json(&record)?);
        } else {
            println!("{}", as_line(&record));
        }
    }
    Ok(())
}

fn as_line(record: &AuditRecord) -> String {
    let AuditRecord {
        seq,
        at,
        actor,
        action,
        subject,
        details,
        ..
    } = record;
    let from = match &record.address {
        Some(address) => format!(" from {address}"),
        None => String::new(),
    };
    // Quoted: a name may look like anything.
    format!("{seq:>6}  {at}  {action:<20} {subject:?} by {actor}{from}  {details}")
}

fn as_json(record: &AuditRecord) -> anyhow::Result<serde_json::Value> {
    let details: Box<RawValue> = serde_json::from_str(&record.details)?;
    let head = AuditHead {
        seq: record.seq,
        hash: record.hash,
    };
    Ok(json!({
        "seq": record.seq,
        "at": record.at.to_string(),
        "account": record.account.map(|account| account.0),
        "actor": record.actor,
        "address": record.address,
        "action": record.action,
        "subject": record.subject,
        "details": details,
        "head": head.to_string(),
    }))
}

/// Exit 0: every record is as it was written. Exit 1: the first that is not
/// is named.
fn verify(
    dir: &DataDir,
    exported: Option<AuditHead>,
    older_keys: &[PathBuf],
) -> anyhow::Result<()> {
    let mut keys = vec![dir.audit_key(&SystemEntropy)?];
    for path in older_keys {
        keys.push(AuditKey::new(&read_key(path)?));
    }
    let report = verify_audit_log(&dir.database(), &keys, exported).map_err(explain)?;
    println!("the audit log is as it was written");
    println!("  records  {}", report.records);
    println!("  head     {}", report.head);
    if exported.is_none() {
        println!("Whether later records were cut off shows `--head` with one the server logged.");
    }
    Ok(())
}

fn explain(error: AuditLogError) -> anyhow::Error {
    match error {
        AuditLogError::Broken { .. } => hint::with_hint(
            error,
            "keep this file as it is and compare it with your backups; an older audit.key is \
             given with --older-key",
        ),
        AuditLogError::Sqlite(_) => hint::with_hint(
            error,
            "check that you may read the data directory, and that this version has served it once",
        ),
    }
}

fn new_key(dir: &DataDir) -> anyhow::Result<()> {
    let path = dir.path().join(AUDIT_KEY);
    if !path.exists() {
        dir.new_audit_key(&SystemEntropy)?;
    }
    let key = AuditKey::new(&read_key(&path)?);
    let options = options_for(dir.database(), key);
    let now = SystemClock.now();
    if replace_audit_key(&options, Actor::COMMAND_LINE, now).map_err(hint::for_open)? {
        println!("the audit log goes on under {}", path.display());
        println!("Records before it are proved with --older-key, if you find the key again.");
    } else {
        println!("nothing to do: the audit log is under {}", path.display());
    }
    Ok(())
}
