-- Who changed what, when and from where: a log that only grows.

-- Whose hashes chain the records: the key itself is not here.
CREATE TABLE audit_key (
    id          INTEGER PRIMARY KEY,
    -- The first record under it.
    since       INTEGER NOT NULL CHECK (since >= 1),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 16)
) STRICT;

CREATE TABLE audit_log (
    seq        INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    account_id INTEGER REFERENCES account (id),                       -- NULL: the installation
    actor      TEXT    NOT NULL,
    address    TEXT,
    action     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    details    TEXT    NOT NULL,                                      -- a JSON object
    -- HMAC over the hash before it and all of this row.
    hash       BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX audit_log_of_account ON audit_log (account_id, seq);

-- Against mistakes: whoever means harm can drop a trigger, and the hashes show it.
CREATE TRIGGER audit_log_has_no_gaps BEFORE INSERT ON audit_log
WHEN NEW.seq IS NOT (SELECT ifnull(max(seq), 0) + 1 FROM audit_log)
BEGIN SELECT raise(ABORT, 'records are added at the end of the audit log'); END;

CREATE TRIGGER audit_log_is_not_edited BEFORE UPDATE ON audit_log
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_log_is_not_cut BEFORE DELETE ON audit_log
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
