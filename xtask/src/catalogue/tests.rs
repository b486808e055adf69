use keypurse_providers::catalogue::{Mode, wire};

use super::import::build;
use super::report::Report;
use super::source::{self, Rule};
use super::{difference, prices, rules, vendored};

fn rows(json: &str) -> Vec<wire::Row> {
    rows_of(Mode::Chat, json)
}

fn rows_of(mode: Mode, json: &str) -> Vec<wire::Row> {
    let raw = serde_json::from_str(json).unwrap();
    prices::build(raw, mode, &mut Report::default()).unwrap().0
}

fn file(rates: &str) -> wire::File {
    let prices = format!(
        r#"[{{"id":"aws","models":[{{"id":"m","match":{{"equals":"m"}},"prices":{rates}}}]}}]"#
    );
    build(&prices, "{}", "2026-01-01", &mut Report::default()).unwrap()
}

#[test]
fn a_rule_keeps_its_meaning_in_one_line() {
    for (rule, expected) in [
        (r#"{"equals":"GPT-4o"}"#, &["=gpt-4o"][..]),
        (
            r#"{"or":[{"starts_with":"a"},{"ends_with":"b"},{"contains":"c"}]}"#,
            &["^a", "$b", "*c"],
        ),
        (
            r#"{"regex":"^claude-opus-5[-@]\\d{8}$"}"#,
            &["=claude-opus-5-########", "=claude-opus-5@########"],
        ),
        (
            r#"{"regex":"^gemini-3\\.5-flash-\\d"}"#,
            &["^gemini-3.5-flash-#"],
        ),
        (
            r#"{"regex":"^composer-2\\.5\\[fast=true\\]$"}"#,
            &["=composer-2.5[fast=true]"],
        ),
        (
            r#"{"and":[{"starts_with":"gemini-2.5-pro"},{"regex":"^(?!.*-[tT][tT][sS](?:$|-))"}]}"#,
            &["^gemini-2.5-pro!-tts"],
        ),
        (
            r#"{"or":[{"equals":"itself"},{"equals":"x"},{"equals":"x"}]}"#,
            &["=x"],
        ),
    ] {
        let read: Rule = serde_json::from_str(rule).unwrap();
        assert_eq!(
            rules::translate("openai", "itself", &read).unwrap(),
            expected,
            "{rule}"
        );
    }
}

#[test]
fn a_rule_that_is_not_understood_stops_the_import() {
    for rule in [
        r#"{"regex":"gpt"}"#,
        r#"{"regex":"^gpt.*$"}"#,
        r#"{"regex":"^(?!x)y$"}"#,
        r#"{"regex":"^[a-z]$"}"#,
        r#"{"and":[{"equals":"a"},{"equals":"b"}]}"#,
        r#"{"equals":"a!b"}"#,
    ] {
        let read: Rule = serde_json::from_str(rule).unwrap();
        assert!(
            rules::translate("openai", "itself", &read).is_err(),
            "{rule}"
        );
    }
}

#[test]
fn a_number_is_rounded_half_even_from_its_text() {
    for (number, expected) in [
        ("2.5", "2.5"),
        ("10", "10.0"),
        ("0.13999999999999999", "0.14"),
        ("0.04166666666666665", "0.041666667"),
        ("0.0000000005", "0.0"),
        ("0.0000000015", "0.000000002"),
        ("1e-3", "0.001"),
    ] {
        let rows = rows(&format!(r#"{{"input_mtok":{number},"output_mtok":1}}"#));
        assert_eq!(rows[0].bands[0].input.to_string(), expected, "{number}");
    }
}

#[test]
fn tiers_become_bands_for_every_class() {
    let rows = rows(
        r#"{"input_mtok":{"base":1,"tiers":[{"start":100,"price":2},{"start":200,"price":3}]},
            "cache_read_mtok":{"base":0.1,"tiers":[{"start":200,"price":0.3}]},"output_mtok":5}"#,
    );
    let told = rows[0].bands.iter().map(|band| {
        let cached = band.cached_input.unwrap();
        format!("{} {} {} {}", band.above, band.input, cached, band.output)
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["0 1.0 0.1 5.0", "100 2.0 0.1 5.0", "200 3.0 0.3 5.0"]
    );
}

#[test]
fn a_price_that_counts_cannot_express_is_none() {
    for (rates, reason) in [
        ("{}", "no known price"),
        (r#"{"input_mchars":15}"#, "input_mchars"),
        (r#"{"input_mtok":1}"#, "output_mtok"),
        (
            r#"{"input_mtok":1,"output_mtok":1,"output_image_mtok":30}"#,
            "output_image_mtok",
        ),
        (
            r#"{"input_mtok":1,"output_mtok":1,"input_image_mtok":2}"#,
            "input_image_mtok",
        ),
        (
            r#"{"input_mtok":1,"output_mtok":1,"unheard_of":2}"#,
            "unheard_of",
        ),
    ] {
        let rows = rows(rates);
        assert_eq!(rows[0].unpriced.as_deref(), Some(reason), "{rates}");
        assert!(rows[0].bands.is_empty(), "{rates}");
    }
}

#[test]
fn characters_and_hours_price_what_is_measured_in_them_alone() {
    let told = |mode, rates: &str| {
        let row = rows_of(mode, rates).remove(0);
        row.unpriced.unwrap_or_else(|| {
            let band = row.bands[0];
            let of = |rate: Option<_>| rate.map_or("-".to_owned(), |rate| format!("{rate}"));
            format!("{} {}", of(band.characters), of(band.input_hour))
        })
    };
    let heard = r#"{"audio_hours":0.36,"input_audio_hours":0.36}"#;
    for (mode, rates, expected) in [
        (Mode::Speech, r#"{"input_mchars":15}"#, "15.0 -"),
        (Mode::Transcription, heard, "- 0.36"),
        (Mode::Chat, heard, "audio_hours"),
        (Mode::Chat, r#"{"input_mchars":15}"#, "input_mchars"),
        (Mode::Transcription, r#"{"audio_hours":3}"#, "audio_hours"),
        (
            Mode::Transcription,
            r#"{"audio_hours":3,"input_audio_hours":1}"#,
            "audio_hours",
        ),
        (
            Mode::Transcription,
            r#"{"audio_hours":1,"input_audio_hours":1,"input_mtok":1}"#,
            "input_mtok",
        ),
        (
            Mode::Speech,
            r#"{"input_mchars":1,"input_mtok":1}"#,
            "input_mtok",
        ),
    ] {
        assert_eq!(told(mode, rates), expected, "{rates}");
    }
}

#[test]
fn a_price_of_the_call_itself_is_kept_in_dollars_each() {
    let rows = rows(r#"{"input_mtok":1,"output_mtok":1,"requests_kcount":12}"#);
    assert_eq!(rows[0].bands[0].request.unwrap().to_string(), "0.012");
}

#[test]
fn a_tier_of_service_splits_rows_at_the_day_it_begins() {
    let prices = r#"[{"id":"openai","models":[{"id":"m","match":{"equals":"m"},
        "prices":{"input_mtok":2,"output_mtok":8},"price_variants":[
        {"when":{"service_tier":"default"},"prices":{}},
        {"when":{"processing":"batch"},"prices":{"input_mtok":1,"output_mtok":4}},
        {"when":{"service_tier":"flex"},"prices":{"input_mtok":1,"output_mtok":4}},
        {"when":{"service_tier":"fast"},"prices":{"input_mtok":4,"output_mtok":16},
         "constraint":{"start_date":"2026-10-12"}},
        {"when":{"service_tier":"priority"},"prices":{"input_mtok":4,"output_mtok":16},
         "constraint":{"start_date":"2026-10-12"}}]}]}]"#;
    let file = build(prices, "{}", "2026-01-01", &mut Report::default()).unwrap();
    let rows = &file.providers[0].models[0].prices;
    let told = rows.iter().map(|row| {
        let tiers = row.tiers.iter();
        let tiers: Vec<_> = tiers
            .map(|(name, bands)| format!("{name} {}", bands[0].input))
            .collect();
        let from = row.from.as_deref().unwrap_or("always");
        format!("{from}: {}; {}", row.bands[0].input, tiers.join(", "))
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "always: 2.0; flex 1.0",
            "2026-10-12: 2.0; flex 1.0, priority 4.0"
        ]
    );
    let two = prices.replace(
        "\"fast\"},\"prices\":{\"input_mtok\":4",
        "\"fast\"},\"prices\":{\"input_mtok\":5",
    );
    assert!(build(&two, "{}", "2026-01-01", &mut Report::default()).is_err());
}

#[test]
fn a_negative_price_stops_the_import() {
    let raw = serde_json::from_str(r#"{"input_mtok":-1,"output_mtok":1}"#).unwrap();
    assert!(prices::build(raw, Mode::Chat, &mut Report::default()).is_err());
}

#[test]
fn providers_are_named_as_clients_name_them() {
    assert_eq!(source::rename("aws"), "bedrock");
    assert_eq!(
        file(r#"{"input_mtok":1,"output_mtok":1}"#).providers[0].id,
        "bedrock"
    );
}

#[test]
fn a_price_that_moves_more_than_tenfold_is_suspicious() {
    let before = file(r#"{"input_mtok":1,"output_mtok":2}"#);
    for (after, changed, suspicious) in [
        (r#"{"input_mtok":1,"output_mtok":2}"#, 0, 0),
        (r#"{"input_mtok":10,"output_mtok":2}"#, 1, 0),
        (r#"{"input_mtok":10.1,"output_mtok":2}"#, 1, 1),
        (r#"{"input_mtok":0.1,"output_mtok":0.19}"#, 2, 1),
        (r#"{"input_mtok":0,"output_mtok":2}"#, 1, 1),
    ] {
        let difference = difference::between(&before, &file(after));
        let counts = (difference.changed.len(), difference.suspicious.len());
        assert_eq!(counts, (changed, suspicious), "{after}");
    }
}

#[test]
fn what_is_written_reads_back_the_same() {
    let file = file(r#"{"input_mtok":1,"output_mtok":{"base":2,"tiers":[{"start":9,"price":3}]}}"#);
    let text = vendored::to_text(&file).unwrap();
    let again: wire::File = serde_json::from_str(&text).unwrap();
    assert_eq!(vendored::to_text(&again).unwrap(), text);
}
