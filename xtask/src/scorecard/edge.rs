//! E-H, the HTTP edge and what is behind it.

use super::rows::{Evidence, Row, long, row, test, within};

pub(super) const ROWS: &[Row] = &[
    row(
        "H-1",
        "heads 10 s, bodies 30 s and 1 KiB/s, readers 30 s; a good client's p98 ≤ 2× or 25 ms",
        &[
            test("h1_headers_that_do_not_come_end_the_connection"),
            test("h1_a_byte_now_and_then_buys_no_time"),
            test("h1_half_a_body_is_answered_with_408"),
            test("h1_a_body_that_drips_is_answered_with_408"),
            test("h1_a_client_that_does_not_read_is_let_go"),
            test("h1_a_connection_that_asks_nothing_is_closed"),
            within(
                "h1_two_thousand_slow_clients_do_not_slow_a_good_one",
                "gone within ",
                20.0,
            ),
        ],
    ),
    row(
        "H-2",
        "one request seen by both, else 400 and closed (directly)",
        &[
            test("h2_what_two_parsers_read_differently_is_400_and_closes"),
            test("h2_a_length_beside_chunks_is_read_as_chunks_and_closes"),
            test("h2_chunks_that_are_none_end_the_connection"),
            test("h2_fields_that_would_be_lines_elsewhere_reach_nobody"),
            test("h2_nobody_is_connected_or_echoed"),
        ],
    ),
    row(
        "H-3",
        "413, 400 or 415; less than 20 MiB more",
        &[test(
            "h3_bodies_beyond_every_limit_are_refused_and_take_no_memory",
        )],
    ),
    row(
        "H-4",
        "the connection ends",
        &[
            test("h4_rapid_resets_end_the_connection"),
            test("h4_headers_without_end_end_the_connection"),
            test("h4_a_window_that_never_opens_ends_the_connection"),
        ],
    ),
    row(
        "H-5",
        "no crash, no spinning, recovers",
        &[
            test("h5_who_comes_when_all_places_are_taken_is_turned_away_at_once"),
            test("h5_a_process_with_few_file_descriptors_survives_a_crowd"),
            test("h5_a_process_without_any_descriptor_left_rests_and_recovers"),
        ],
    ),
    row(
        "H-6",
        "nobody but the configured provider is asked, and only it gets its key",
        &[test("h6_")],
    ),
    row(
        "H-7",
        "44 behaviours in three dialects, to clients of two: memory and time bounded, rows right",
        &[test("h7_")],
    ),
    row(
        "H-8",
        "≤ 10 % more calls, the failing asked last, holds void",
        &[test("h8_")],
    ),
    row(
        "H-9",
        "goodput ≥ 80 % of the peak at 5 times the load, 503 says when, all settled",
        &[
            test("h9_a_provider_has_no_more_calls_at_once_than_it_may"),
            long("h9_at_five_times_the_load_as_much_is_answered"),
        ],
    ),
    row(
        "H-10",
        "memory flat below 256 MiB, no task or descriptor left (a minute of it)",
        &[
            test("a_client_that_takes_nothing_has_left"),
            long("h10_streams_with_stalled_readers_leave_nothing_behind"),
        ],
    ),
    Row {
        id: "H-11",
        threshold: "no 5xx, no answer beside its schema, no authentication ignored",
        evidence: Evidence::Suite("schemathesis"),
    },
    row("H-12", "nothing breaks", &[test("h12_")]),
];
