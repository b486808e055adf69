-- Calls' rows are written late, in bulk, from the journal; every change of a
-- balance has a line number, and says what it led to.

ALTER TABLE entry ADD COLUMN line INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN line INTEGER NOT NULL DEFAULT 0;
-- The token's balance after the charge; 0 for the account's own key.
ALTER TABLE call ADD COLUMN balance_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN account_after INTEGER NOT NULL DEFAULT 0;

-- What is there gets its lines in the order of time.
CREATE TEMP TABLE numbered AS
    SELECT row_number() OVER (ORDER BY at, what, id) AS line, what, id FROM (
        SELECT 0 AS what, id, at FROM entry
        UNION ALL SELECT 1, id, finished_at FROM call
    );
CREATE INDEX temp.numbered_row ON numbered (what, id);
UPDATE entry SET line = (SELECT n.line FROM numbered n WHERE n.what = 0 AND n.id = entry.id);
UPDATE call SET line = (SELECT n.line FROM numbered n WHERE n.what = 1 AND n.id = call.id);

CREATE TEMP TABLE statement AS
    SELECT what, id,
        sum(of_token) OVER (PARTITION BY token_id ORDER BY line) AS token_after,
        sum(of_account) OVER (PARTITION BY account_id ORDER BY line) AS account_after
    FROM (
        SELECT 0 AS what, id, line, account_id, token_id, amount AS of_token,
            iif(token_id IS NULL, amount, 0) AS of_account FROM entry
        UNION ALL
        SELECT 1, id, line, account_id, token_id, -iif(from_token, charged, 0), -charged FROM call
    );
CREATE INDEX temp.statement_row ON statement (what, id);
UPDATE entry SET balance_after =
    (SELECT iif(entry.token_id IS NULL, s.account_after, s.token_after)
     FROM statement s WHERE s.what = 0 AND s.id = entry.id);
UPDATE call SET
    balance_after = (SELECT iif(call.token_id IS NULL, 0, s.token_after)
                     FROM statement s WHERE s.what = 1 AND s.id = call.id),
    account_after = (SELECT s.account_after FROM statement s WHERE s.what = 1 AND s.id = call.id);
DROP TABLE numbered;
DROP TABLE statement;

CREATE INDEX call_of_token ON call (token_id, line) WHERE token_id IS NOT NULL;
CREATE INDEX entry_of_token ON entry (token_id, line);

-- Up to which line the journal's calls are in `call`, and the last line that
-- was written anywhere but the journal.
CREATE TABLE progress (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    materialised INTEGER NOT NULL,
    last_line    INTEGER NOT NULL
) STRICT;
INSERT INTO progress
    SELECT 1, line, line FROM (
        SELECT max(ifnull((SELECT max(line) FROM entry), 0),
                   ifnull((SELECT max(line) FROM call), 0)) AS line
    );
