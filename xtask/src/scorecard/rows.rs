//! Which tests show that a row of the scorecard holds.
//!
//! A test is named by a part of its name that no other test has; a row whose
//! tests are not all there is `missing`.

/// One fault or attack, and what shows that it is survived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) id: &'static str,
    /// What has to hold, short.
    pub(super) threshold: &'static str,
    pub(super) evidence: Evidence,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Evidence {
    /// These tests pass; the line each prints is what was measured.
    Tests(&'static [Test]),
    /// `keypurse audit` of so many calls.
    Audit,
    /// A suite of `cargo xtask test` passes.
    Suite(&'static str),
    /// Waits for a later step of the product.
    Later(&'static str),
}

/// A test, and what of its printed line must stay below a bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Test {
    pub(super) name: &'static str,
    /// A duration is printed after these words, at most so many seconds.
    pub(super) bound: Option<(&'static str, f64)>,
    /// Takes minutes: not in a short run.
    pub(super) is_long: bool,
}

pub(super) const fn test(name: &'static str) -> Test {
    Test {
        name,
        bound: None,
        is_long: false,
    }
}

pub(super) const fn long(name: &'static str) -> Test {
    Test {
        is_long: true,
        ..test(name)
    }
}

pub(super) const fn within(name: &'static str, words: &'static str, seconds: f64) -> Test {
    Test {
        bound: Some((words, seconds)),
        ..test(name)
    }
}

pub(super) const fn row(id: &'static str, threshold: &'static str, tests: &'static [Test]) -> Row {
    Row {
        id,
        threshold,
        evidence: Evidence::Tests(tests),
    }
}

const fn later(id: &'static str, threshold: &'static str, waits_for: &'static str) -> Row {
    Row {
        id,
        threshold,
        evidence: Evidence::Later(waits_for),
    }
}

/// The crash loop, judged by the oracle.
const CRASH_LOOP: Test = within(
    "no_crash_anywhere_loses_or_invents_a_charge",
    "ready within ",
    5.0,
);

/// E-L, the ledger, and E-R, crash and recovery: their SQLite half.
pub(super) const ROWS: &[Row] = &[
    row(
        "L-1",
        "exactly 100 of 800 calls succeed, none overspends",
        &[
            test("l1_money_for_a_hundred_calls_buys_exactly_a_hundred"),
            test("l1_whatever_providers_do_a_budget_is_never_overspent"),
            test("l2_money_for_a_hundred_calls_buys_exactly_a_hundred"),
            test("l1_with_an_input_price_and_any_usage_the_books_balance"),
        ],
    ),
    later("L-2", "no false 402 across nodes", "many nodes"),
    row(
        "L-3",
        "10,000 random histories equal the reference",
        &[
            test("any_sequence_of_operations_and_crashes_ends_as_the_reference_says"),
            test("l1_l2_the_books_balance_after_every_step"),
        ],
    ),
    row(
        "L-4",
        "rounded up once, no overflow, monotone",
        &[
            test("cost_is_rounded_up_once"),
            test("overflow_stops_instead_of_wrapping"),
            test("a_cost_beyond_all_money_is_none_and_not_a_wrong_sum"),
            test("a_bound_is_never_below_the_cost"),
            test("an_affordable_output_fits_and_one_more_does_not"),
        ],
    ),
    row(
        "L-5",
        "clamped, or 402 with affordable_output_tokens",
        &[
            test("a_call_is_clamped_to_what_the_balance_buys"),
            test("below_the_least_a_call_is_refused_with_the_amounts"),
            test("a_token_that_refuses_to_be_clamped_is_held_for_in_full"),
        ],
    ),
    row(
        "L-6",
        "the provider receives our limit",
        &[test(
            "the_output_limit_is_always_sent_where_the_provider_reads_it",
        )],
    ),
    row(
        "L-7",
        "stream cut politely, charge ≤ hold, rest the house's",
        &[
            test("a_stream_with_more_output_than_allowed_is_cut_politely"),
            test("l9_usage_beyond_hold_and_balance_is_the_houses"),
            test("h7_every_hostile_behaviour_ends_as_the_settlement_table_says"),
        ],
    ),
    row(
        "L-8",
        "refused, the provider sees nothing",
        &[
            test("options_that_change_the_price_are_refused_and_the_upstream_sees_nothing"),
            test("an_unknown_model_is_404_and_an_unpriced_one_shows_the_lines_to_add"),
        ],
    ),
    row(
        "L-9",
        "400, or the provider receives what was priced",
        &[
            test("what_could_be_read_in_two_ways_is_refused"),
            test("the_upstream_reads_exactly_what_was_priced"),
        ],
    ),
    row(
        "L-10",
        "charged at the pinned price, recomputed without a difference",
        &[
            test("a_call_is_charged_at_the_price_it_was_admitted_at"),
            test("l8_every_charge_is_recomputed_from_its_row_and_the_first_difference_named"),
        ],
    ),
    row(
        "L-11",
        "0 as reported, else counted and flagged; never a panic",
        &[
            test("l11_missing_usage_is_counted"),
            test("l11_usage_that_is_no_number_is_counted"),
            test("l11_negative_usage_is_counted_and_never_credits"),
            test("l11_usage_beyond_what_was_sent_or_allowed_is_counted"),
            test("success_with_usage_is_charged_exactly_even_explicit_zero"),
        ],
    ),
    row(
        "L-12",
        "1 credit of 50 repeats; another body is 422",
        &[
            test("l12_a_top_up_repeated_fifty_times_at_once_is_one_credit"),
            test("a_key_belongs_to_one_account_one_route_and_one_body"),
        ],
    ),
    row(
        "L-13",
        "no lost update, entries sum to the balance",
        // Its operator sets balances while its clients spend.
        &[CRASH_LOOP, test("a_balance_is_set_and_not_added")],
    ),
    row(
        "L-14",
        "exactly one reset (one node)",
        &[
            test("a_reset_happens_once_in_the_first_step_of_a_new_period"),
            test("a_balance_is_set_back_at_the_first_instant_of_its_period"),
            test("a_clock_that_steps_back_does_not_reset_twice"),
        ],
    ),
    row(
        "L-15",
        "0 connections, 0 ledger change",
        &[test(
            "l12_a_sandbox_call_opens_no_connection_and_leaves_the_balance",
        )],
    ),
    Row {
        id: "L-16",
        threshold: "1,000,000 rows without a difference in 60 s",
        evidence: Evidence::Audit,
    },
    row(
        "L-17",
        "409 or the stored outcome, one charge",
        &[
            test("l17_a_repeated_call_answers_to_the_byte_and_is_charged_once"),
            test("l17_while_the_first_call_runs_a_second_is_refused"),
        ],
    ),
    row(
        "L-18",
        "one hold, one row, attempts listed",
        &[
            test("l18_a_fallback_answers_at_its_own_price_in_one_row"),
            test("the_attempts_are_in_the_answer_of_who_asks_for_them"),
            test("r1_a_crash_during_a_fallback_voids_its_one_hold"),
        ],
    ),
    row(
        "R-1",
        "400 kills, oracle clean, serving in 5 s on 100,000 open holds",
        &[
            CRASH_LOOP,
            within("r1_a_start_resolves_every_open_hold", "resolved in ", 5.0),
        ],
    ),
    row(
        "R-2",
        "every failpoint ends as the settlement table says",
        // It ends at every failpoint in turn.
        &[
            CRASH_LOOP,
            test("a_crash_after_something_was_delivered_charges_the_floor"),
            test("a_crash_before_anything_was_delivered_is_free"),
        ],
    ),
    row(
        "R-3",
        "price(n) ≤ charge ≤ price(n) + 1 block",
        &[
            CRASH_LOOP,
            test("a_crash_in_the_middle_of_a_stream_charges_it_once_and_keeps_its_key"),
        ],
    ),
    row(
        "R-4",
        "charge ≥ what was received, hold released",
        &[
            test("a_client_that_leaves_at_any_chunk_is_charged_the_whole_usage"),
            test("a_client_that_leaves_at_any_chunk_is_charged_what_came_where_nothing_is_drained"),
            test("a_client_that_left_pays_the_usage_that_is_drained"),
            test("a_client_that_left_pays_what_was_counted_when_nothing_is_drained"),
        ],
    ),
    row(
        "R-5",
        "1,000 aborts: ≤ 256 drains, all settled",
        &[test("r5_")],
    ),
    row(
        "R-6",
        "no accepted request lost, 0 open holds, exit in 65 s",
        &[
            test("a_hundred_streams_finish_after_sigterm_and_no_accepted_call_is_lost"),
            test("a_second_sigterm_waits_for_nobody"),
        ],
    ),
    row(
        "R-7",
        "stops, restarts, oracle clean, for commits 1 to 200",
        &[
            test("a_failed_flush_stops_the_process_and_loses_no_charge"),
            test("a_failed_write_stops_the_process_and_loses_no_charge"),
            long("every_one_of_two_hundred_failed_flushes_loses_no_charge"),
            long("every_one_of_two_hundred_failed_writes_loses_no_charge"),
        ],
    ),
    row(
        "R-8",
        "money 503, reads 200, calls settle, ready in 5 s of space",
        &[
            within(
                "on_a_full_disk_money_waits_running_calls_settle_and_reads_go_on",
                "ready ",
                5.0,
            ),
            test("a_node_killed_on_a_full_disk_starts_there_and_recovers"),
        ],
    ),
    row(
        "R-9",
        "the committed prefix only",
        &[
            test(
                "whatever_part_of_a_commit_reached_the_disk_all_before_it_is_there_and_no_part_of_it",
            ),
            test("a_commit_torn_by_a_power_failure_is_no_damage"),
        ],
    ),
    row(
        "R-10",
        "detected before money is served, never repaired silently",
        &[
            test("a_flipped_bit_is_refused_or_changes_nothing"),
            test("a_start_on_a_damaged_file_says_which_and_what_to_do_and_changes_nothing"),
            long("thousands_of_flipped_bits_are_refused_or_change_nothing"),
        ],
    ),
    row(
        "R-11",
        "exit 1 with a clear error",
        &[
            test("a_second_process_on_the_same_data_is_refused"),
            test("a_start_in_a_folder_that_cannot_be_written_says_so"),
        ],
    ),
    row(
        "R-12",
        "old schema or new, never between",
        &[
            test("a_crash_in_a_migration_leaves_the_schema_before_it"),
            test("migrations_run_once_and_only_as_they_are"),
            test("a_newer_schema_is_refused"),
        ],
    ),
    row(
        "R-13",
        "proven copy, refuses until acknowledged",
        &[
            test("a_backup_under_load_restores_elsewhere_and_spends_once_acknowledged"),
            test("a_restored_store_holds_nothing_until_it_is_acknowledged"),
        ],
    ),
    row(
        "R-14",
        "500 and the hold resolved; the writer exits 70 and restarts clean",
        &[
            test("a_panic_in_a_handler_is_500_and_the_node_lives_on"),
            test("a_panic_in_the_writer_ends_the_process_and_restarts_clean"),
        ],
    ),
];
