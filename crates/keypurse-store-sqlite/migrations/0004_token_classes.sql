-- Classes of units that earlier versions did not tell apart: in a row they
-- wrote there were none, at the standard tier of service (0).

ALTER TABLE call ADD COLUMN cached_audio     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN cache_write_long INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN input_image      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN output_image     INTEGER NOT NULL DEFAULT 0;
-- How often the price of the call itself was charged.
ALTER TABLE call ADD COLUMN requests         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN tier             INTEGER NOT NULL DEFAULT 0; -- standard, flex, priority
