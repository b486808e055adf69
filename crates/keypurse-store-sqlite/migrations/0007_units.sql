-- What is counted beside tokens: in rows of earlier versions there was none.

ALTER TABLE call ADD COLUMN characters     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN input_seconds  INTEGER NOT NULL DEFAULT 0; -- of sound listened to
ALTER TABLE call ADD COLUMN output_seconds INTEGER NOT NULL DEFAULT 0; -- of sound made
ALTER TABLE call ADD COLUMN images         INTEGER NOT NULL DEFAULT 0;
