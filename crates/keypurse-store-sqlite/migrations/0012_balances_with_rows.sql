-- From here on a purse's balance is written with the rows of its calls: it is
-- as of `progress.materialised`, and the journal tells what followed. A program
-- that does not know that would take it for all there is.
SELECT 1;
