//! One text for one record: what its hash is over.

use super::AuditRecord;

/// All of a record but its hash, so that no two records are the same bytes:
/// numbers in eight bytes, texts behind their length, what may be absent
/// behind a byte that says so.
pub fn canonical(record: &AuditRecord) -> Vec<u8> {
    let AuditRecord {
        seq,
        at,
        account,
        actor,
        address,
        action,
        subject,
        details,
        hash: _,
    } = record;
    let mut bytes = Vec::with_capacity(64 + subject.len() + details.len());
    bytes.extend(seq.to_be_bytes());
    bytes.extend(at.micros().to_be_bytes());
    optional(&mut bytes, account.as_ref(), |bytes, account| {
        bytes.extend(account.0.to_be_bytes());
    });
    text(&mut bytes, actor);
    optional(&mut bytes, address.as_ref(), |bytes, address| {
        text(bytes, address);
    });
    for value in [action, subject, details] {
        text(&mut bytes, value);
    }
    bytes
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_be_bytes());
    bytes.extend(text.as_bytes());
}

fn optional<T>(bytes: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    bytes.push(u8::from(value.is_some()));
    if let Some(value) = value {
        write(bytes, value);
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;
    use crate::audit_log::AuditRecord;
    use keypurse_core::id::AccountId;
    use keypurse_core::time::Timestamp;
    use std::collections::HashSet;

    #[test]
    fn no_two_records_are_the_same_bytes() {
        let first = AuditRecord {
            seq: 1,
            at: Timestamp::from_micros(2),
            account: None,
            actor: "system".to_owned(),
            address: None,
            action: "a".to_owned(),
            subject: "bc".to_owned(),
            details: "d".to_owned(),
            hash: [0; 32],
        };
        let mut records = vec![first.clone()];
        let mut other = |change: fn(&mut AuditRecord)| {
            let mut record = first.clone();
            change(&mut record);
            records.push(record);
        };
        other(|record| record.seq = 2);
        other(|record| record.at = Timestamp::from_micros(3));
        other(|record| record.account = Some(AccountId(1)));
        other(|record| record.actor = "viewer".to_owned());
        other(|record| record.address = Some(String::new()));
        other(|record| (record.action, record.subject) = ("ab".to_owned(), "c".to_owned()));
        other(|record| (record.subject, record.details) = ("b".to_owned(), "cd".to_owned()));
        let texts: HashSet<Vec<u8>> = records.iter().map(canonical).collect();
        assert_eq!(texts.len(), records.len());
    }
}
